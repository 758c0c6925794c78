import type { RateLimitRuleSpec } from '../api/client'

/** A rule without some of what it says. */
export function without<Key extends keyof RateLimitRuleSpec>(spec: RateLimitRuleSpec, ...keys: Key[]): RateLimitRuleSpec {
  const rest = { ...spec }
  for (const key of keys) delete rest[key]
  return rest
}
