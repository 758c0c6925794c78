import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, must } from '../api/client'
import type { components } from '../api/schema'
import type { Simulated } from './command'
import type { Explanation } from './explanation'
import { foreseeAbsent, foreseeRefused } from './foresee'

/** Where a call goes, and why; read anew when the callee or its rules change. */
export const simulationQuery = (simulated: Simulated | undefined, asOf: string | undefined) => {
  const { namespace = '', service = '' } = simulated?.request.to ?? {}
  return queryOptions({
    queryKey: ['service', namespace, service, 'simulation', asOf ?? null, simulated ?? null],
    queryFn: async ({ signal, client }) => {
      const body = bodyOf(simulated)
      const { request, draft } = body
      await foreseeRefused('routing-rules', { request, draft }, { client, asOf, signal })
      await foreseeAbsent(request.to, { client, asOf, signal })
      const params = { query: asOf === undefined ? {} : { as_of: asOf } }
      return must<Explanation>(api.POST('/api/v1/simulate/route', { params, body, signal }))
    },
    placeholderData: keepPreviousData,
  })
}

function bodyOf(simulated: Simulated | undefined): components['schemas']['SimulateBody'] {
  if (!simulated) throw new Error('nothing is simulated')
  const { draft, ...rest } = simulated
  return { ...rest, ...(draft ? { draft } : {}) }
}

/** One instance of a service. */
export const instanceQuery = (namespace: string, service: string, id: string, asOf: string | undefined) =>
  queryOptions({
    queryKey: ['service', namespace, service, 'instance', id, asOf ?? null],
    queryFn: ({ signal }) => {
      const params = { path: { namespace, service, id }, query: asOf === undefined ? {} : { as_of: asOf } }
      return must(api.GET('/api/v1/namespaces/{namespace}/services/{service}/instances/{id}', { params, signal }))
    },
  })
