import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, must, type RoutingRule } from '../api/client'
import type { components } from '../api/schema'
import type { Simulated } from './command'
import type { Explanation } from './explanation'

/** Where a call goes, and why; read anew when the callee or its rules change. */
export const simulationQuery = (simulated: Simulated | undefined, asOf: string | undefined) => {
  const { namespace = '', service = '' } = simulated?.request.to ?? {}
  return queryOptions({
    queryKey: ['service', namespace, service, 'simulation', asOf ?? null, simulated ?? null],
    queryFn: async ({ signal }) => {
      const params = { query: asOf === undefined ? {} : { as_of: asOf } }
      const told: unknown = await must(api.POST('/api/v1/simulate/route', { params, body: bodyOf(simulated), signal }))
      return told as Explanation
    },
    placeholderData: keepPreviousData,
  })
}

function bodyOf(simulated: Simulated | undefined): components['schemas']['SimulateBody'] {
  if (!simulated) throw new Error('nothing is simulated')
  const { request, draft, ...rest } = simulated
  return { ...rest, request: request as unknown as Record<string, never>, ...(draft ? { draft } : {}) }
}

/** The routing rules for calls to a service, of every namespace. */
export const calleeRulesQuery = (callee: { namespace: string; service: string } | undefined, asOf: string | undefined) =>
  queryOptions({
    queryKey: ['service', callee?.namespace ?? '', callee?.service ?? '', 'rules', asOf ?? null],
    queryFn: async ({ signal }): Promise<RoutingRule[]> => {
      if (!callee) return []
      const { items } = await must(api.GET('/api/v1/namespaces', { params: { query: { page_size: 500 } }, signal }))
      const query = { callee: callee.service, callee_namespace: callee.namespace, page_size: 500, ...(asOf === undefined ? {} : { as_of: asOf }) }
      const pages = await Promise.all(
        items.map(({ name: namespace }) =>
          must(api.GET('/api/v1/namespaces/{namespace}/routing-rules', { params: { path: { namespace }, query }, signal })),
        ),
      )
      return pages.flatMap((page) => page.items)
    },
    enabled: callee !== undefined,
  })

/** One instance of a service. */
export const instanceQuery = (namespace: string, service: string, id: string, asOf: string | undefined) =>
  queryOptions({
    queryKey: ['service', namespace, service, 'instance', id, asOf ?? null],
    queryFn: ({ signal }) => {
      const params = { path: { namespace, service, id }, query: asOf === undefined ? {} : { as_of: asOf } }
      return must(api.GET('/api/v1/namespaces/{namespace}/services/{service}/instances/{id}', { params, signal }))
    },
  })
