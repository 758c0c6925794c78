import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, must } from '../api/client'
import type { Labels, Target } from './noun'

/** How many instances a target holds, and how many of them may get calls; none if the call decides. */
export type Fit = { instances: number; candidates: number } | undefined

interface TargetStep {
  stage: string
  target: number
  instances: number
  candidates: number
}

/** A rule of this name and priority is tried before every other one. */
const PROBE = { namespace: 'default', name: '-' }

const isOfCall = (labels: Labels) => Object.values(labels).some((test) => typeof test !== 'string' && test.op === 'same_as')

/**
 * How many instances of a service each of some targets holds now.
 *
 * Asked of the code that routes calls: a rule that is nothing but these targets is tried, and not
 * written. No instances where the service does not exist.
 */
export const fitQuery = (callee: { namespace: string; service: string }, targets: readonly Target[], asOf: string | undefined) => {
  const labels = targets.map((target) => target.labels ?? {})
  return queryOptions<Fit[]>({
    queryKey: asOf === undefined ? ['service', callee.namespace, callee.service, 'fit', labels] : ['past', 'fit', callee, labels, asOf],
    queryFn: async ({ signal }) => {
      const branches = [{ targets: labels.map((one) => ({ labels: one })) }]
      const spec = { callee, branches, otherwise: 'reject' as const }
      const to = { namespace: callee.namespace, service: callee.service }
      const body = { request: { from: { service: '-' }, to }, draft: { ...PROBE, spec }, seed: 0, draws: 0 }
      const answer = await must(api.POST('/api/v1/simulate/route', { params: { query: { as_of: asOf } }, body: body as never, signal }))
      const { steps } = answer as unknown as { steps: TargetStep[] }
      const found = steps.filter(({ stage }) => stage === 'target')
      return labels.map((one, index) => {
        const step = found.find(({ target }) => target === index)
        return step && !isOfCall(one) ? { instances: step.instances, candidates: step.candidates } : undefined
      })
    },
    placeholderData: keepPreviousData,
    retry: false,
  })
}
