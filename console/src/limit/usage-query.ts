import { queryOptions } from '@tanstack/react-query'
import { api, must } from '../api/client'
import type { components } from '../api/schema'
import type { RuleId } from '../rule/api'

type Schemas = components['schemas']
export type Counter = Schemas['RateLimitCounter']
export type AmountUse = Schemas['RateLimitAmountUse']
export type CountingClient = Schemas['RateLimitClient']

/** Clients tell at least once a second what they made of a limit. */
const REFRESH_MS = 1_000

/** What is made of a rate limit rule now; asked for again and again while somebody looks, as it is in no log. */
export const usageQuery = ({ namespace, name }: RuleId) =>
  queryOptions({
    queryKey: ['rate-limit-usage', namespace, name],
    queryFn: ({ signal }) => {
      const params = { path: { namespace, name } }
      return must(api.GET('/api/v1/namespaces/{namespace}/rate-limit-rules/{name}/usage', { params, signal }))
    },
    refetchInterval: REFRESH_MS,
    refetchIntervalInBackground: false,
  })
