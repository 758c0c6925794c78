import { queryOptions } from '@tanstack/react-query'
import { api, must, type ServiceSummary } from '../api/client'

/** A service, with the numbers of its instances unless it is read as it was. */
export const serviceQuery = (namespace: string, service: string, asOf: string | undefined) =>
  queryOptions<ServiceSummary>({
    queryKey: ['service', namespace, service, 'summary', asOf ?? null],
    queryFn: async ({ signal }) => {
      if (asOf === undefined) {
        const query = { namespace, name: service }
        const { items } = await must(api.GET('/api/v1/services', { params: { query }, signal }))
        if (items[0]) return items[0]
      }
      const path = { namespace, service }
      const params = { path, query: asOf === undefined ? {} : { as_of: asOf } }
      return must(api.GET('/api/v1/namespaces/{namespace}/services/{service}', { params, signal }))
    },
    staleTime: asOf === undefined ? 30_000 : Number.POSITIVE_INFINITY,
  })
