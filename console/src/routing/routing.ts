import type { RoutingRuleSpec } from '../api/client'
import type { Noun } from '../rule/noun'
import { isRoutingRule } from './shape'

/** Routing rules as a kind of rule. */
export const ROUTING: Noun<RoutingRuleSpec> = {
  collection: 'routing-rules',
  kind: 'routing_rule',
  words: 'routing',
  list: '/routing-rules',
  create: '/routing-rules/new',
  one: '/routing-rules/$namespace/$rule',
  blank: {
    enabled: true,
    priority: 100,
    callee: { service: '' },
    branches: [{ targets: [{ weight: 100 }] }],
    otherwise: 'fall_through',
  },
  isShaped: isRoutingRule,
}
