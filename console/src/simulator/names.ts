import type { RoutingRuleSpec } from '../api/client'
import { type FactKind, KIND_OF } from './call'

/** The headers and the like that rules ask for, of each kind. */
export function namesOf(rules: Pick<RoutingRuleSpec, 'branches' | 'caller'>[]): Record<FactKind, string[]> {
  const names: Record<FactKind, Set<string>> = {
    headers: new Set(),
    query: new Set(),
    cookies: new Set(),
    labels: new Set(),
    arguments: new Set(),
  }
  const add = (on: string, key: string | undefined) => {
    const kind = KIND_OF[on]
    if (kind && key) names[kind].add(key)
  }
  for (const { branches, caller } of rules) {
    for (const key of Object.keys(caller?.metadata ?? {})) names.labels.add(key)
    for (const { matches = {} } of branches) {
      for (const condition of [matches.all, matches.any].flatMap((some) => some ?? [])) {
        add(condition.on, condition.key)
        if (condition.fact) add(condition.fact.on, condition.fact.key)
      }
    }
  }
  const lists = Object.entries(names).map(([kind, some]) => [kind, [...some].toSorted()])
  return Object.fromEntries(lists) as Record<FactKind, string[]>
}
