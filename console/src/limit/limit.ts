import type { RateLimitRuleSpec } from '../api/client'
import type { components } from '../api/schema'
import type { Dictionary } from '../i18n/en'
import type { Noun } from '../rule/noun'
import { isRateLimitRule } from './shape'

type Schemas = components['schemas']
export type Amount = Schemas['Amount']
export type Action = Schemas['LimitAction']
export type Scope = Schemas['LimitScope']

export const SCOPES = ['local', 'global'] as const satisfies readonly Scope[]
export const AMOUNT_MODES = ['total', 'per_client'] as const satisfies readonly Schemas['AmountMode'][]
export const FAILOVERS = ['local', 'pass'] as const satisfies readonly Schemas['Failover'][]

/** Rate limit rules as a kind of rule. */
export const LIMIT: Noun<RateLimitRuleSpec> = {
  collection: 'rate-limit-rules',
  kind: 'rate_limit_rule',
  words: 'limits',
  list: '/rate-limit-rules',
  create: '/rate-limit-rules/new',
  one: '/rate-limit-rules/$namespace/$rule',
  blank: {
    enabled: true,
    priority: 100,
    callee: { service: '' },
    amounts: [{ max: 100, window_ms: 1_000 }],
    scope: 'local',
    action: 'reject',
  },
  isShaped: isRateLimitRule,
}

/** How long a call too many may wait; nothing where it is refused at once. */
export const maxWaitOf = (action: Action | undefined) => (typeof action === 'object' ? action.queue.max_wait_ms : undefined)

/** A rule counted by others, without what they cannot count. */
export function withScope(spec: RateLimitRuleSpec, scope: Scope): RateLimitRuleSpec {
  if (scope === 'local') {
    const { amount_mode: _mode, failover: _failover, ...rest } = spec
    return { ...rest, scope }
  }
  const { concurrency: _concurrency, warm_up: _warmUp, amounts = [], ...rest } = spec
  const whole = amounts.map(({ max, window_ms: window }) => ({ max, window_ms: Math.max(1_000, window) }))
  return { ...rest, amounts: whole.length > 0 ? whole : [{ max: 100, window_ms: 1_000 }], scope, action: 'reject' }
}

export const UNITS = ['ms', 's', 'min', 'h', 'd'] as const
export type Unit = (typeof UNITS)[number]
export const UNIT_MS: Record<Unit, number> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** The largest unit in which a length of time is a whole number. */
export const unitOf = (ms: number): Unit => UNITS.findLast((unit) => ms > 0 && ms % UNIT_MS[unit] === 0) ?? 'ms'

/** A length of time in its largest unit, such as `500 ms` or `1 min`. */
export function lengthText(ms: number, { limits }: Pick<Dictionary, 'limits'>): string {
  const unit = unitOf(ms)
  return limits.length(ms / UNIT_MS[unit], unit)
}
