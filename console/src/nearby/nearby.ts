import type { components } from '../api/schema'
import type { NearbyRuleSpec } from '../api/client'
import type { Noun } from '../rule/noun'

export type Level = components['schemas']['NearbyLevel']

/** From the nearest to the widest. */
export const LEVELS = ['campus', 'zone', 'region', 'all'] as const satisfies readonly Level[]

const isLevel = (value: unknown) => value === undefined || LEVELS.some((level) => level === value)
const isOptional = (value: unknown, type: string) => value === undefined || typeof value === type

/** Whether a document that somebody types is enough of a nearby rule to be shown as one, right or wrong. */
function isNearbyRule(document: unknown): boolean {
  if (typeof document !== 'object' || document === null) return false
  const rule = document as Record<string, unknown>
  const { callee } = rule as { callee?: { namespace?: unknown; service?: unknown } | null }
  return (
    typeof callee === 'object' &&
    callee !== null &&
    isOptional(callee.namespace, 'string') &&
    isOptional(callee.service, 'string') &&
    isLevel(rule.level) &&
    isLevel(rule.max_level) &&
    isOptional(rule.strict, 'boolean') &&
    isOptional(rule.enabled, 'boolean') &&
    isOptional(rule.spill_over, 'number') &&
    isOptional(rule.priority, 'number') &&
    isOptional(rule.description, 'string') &&
    isOptional(rule.metadata, 'object')
  )
}

/** Nearby rules as a kind of rule. */
export const NEARBY: Noun<NearbyRuleSpec> = {
  collection: 'nearby-rules',
  kind: 'nearby_rule',
  words: 'nearby',
  list: '/nearby-rules',
  create: '/nearby-rules/new',
  one: '/nearby-rules/$namespace/$rule',
  blank: { enabled: true, priority: 100, callee: { service: '' }, level: 'zone', max_level: 'all', strict: false, spill_over: 0 },
  isShaped: isNearbyRule,
}

/** The levels that a rule may widen to, from its first one on. */
export const levelsFrom = (level: Level) => LEVELS.slice(LEVELS.indexOf(level))
