import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, must } from '../api/client'

/** A page of those who watch a service. */
export const subscribersQuery = (namespace: string, service: string, page?: string) =>
  queryOptions({
    queryKey: ['service', namespace, service, 'subscribers', page ?? null],
    queryFn: ({ signal }) => {
      const params = { path: { namespace, service }, query: { page_size: 200, ...(page ? { page_token: page } : {}) } }
      return must(api.GET('/api/v1/namespaces/{namespace}/services/{service}/subscribers', { params, signal }))
    },
    placeholderData: keepPreviousData,
  })
