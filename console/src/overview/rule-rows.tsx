import { useQueries, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Change, RuleKind, RuleStatus, WarnedRule } from '../api/client'
import { newestChangesQuery } from '../changes/queries'
import { useText } from '../i18n/use-text'
import { statusQuery, warningsQuery } from '../rule/api'
import type { Collection } from '../rule/noun'

/** How many of the rules that changed last are asked who obeys them. */
const ASKED = 10

const KINDS = {
  routing_rule: ['routing-rules', '/routing-rules/$namespace/$rule'],
  nearby_rule: ['nearby-rules', '/nearby-rules/$namespace/$rule'],
} as const satisfies Partial<Record<RuleKind, readonly [Collection, string]>>

type Kind = keyof typeof KINDS

interface NamedRule {
  kind: Kind
  namespace: string
  name: string
}

export interface RuleTroubles {
  warned: WarnedRule[]
  unapplied: (NamedRule & { status: RuleStatus })[]
}

/** Rules that are probably not what was meant, and of those that changed last the ones that nobody obeys. */
export function useRuleTroubles(namespace: string | undefined): RuleTroubles {
  const routing = useQuery(warningsQuery('routing_rule', namespace))
  const nearby = useQuery(warningsQuery('nearby_rule', namespace))
  const changedRouting = useQuery(newestChangesQuery({ namespace, kind: 'routing_rule', page_size: ASKED }))
  const changedNearby = useQuery(newestChangesQuery({ namespace, kind: 'nearby_rule', page_size: ASKED }))
  const changed = enabledRules([...(changedRouting.data?.items ?? []), ...(changedNearby.data?.items ?? [])])
  const statuses = useQueries({ queries: changed.map((rule) => statusQuery(KINDS[rule.kind][0], rule)) })
  return {
    warned: [...(routing.data ?? []), ...(nearby.data ?? [])],
    unapplied: changed.flatMap((rule, index) => {
      const status = statuses[index]?.data
      return status && status.applied_count === 0 ? [{ ...rule, status }] : []
    }),
  }
}

/** The rules that changes, newest first, left enabled. */
function enabledRules(changes: Change[]): NamedRule[] {
  const seen = new Set<string>()
  return changes.flatMap(({ kind, namespace, rule: name, after }) => {
    const key = `${kind} ${namespace} ${name ?? ''}`
    if (seen.has(key)) return []
    seen.add(key)
    const isEnabled = after !== null && 'enabled' in after && after.enabled
    return name !== undefined && isEnabled && kind in KINDS ? [{ kind: kind as Kind, namespace, name }] : []
  })
}

function RuleName({ kind, namespace, name }: NamedRule) {
  return (
    <span className="attention-name">
      <Link to={KINDS[kind][1]} params={{ namespace, rule: name }}>
        {name}
      </Link>
      <span className="muted small clip">{namespace}</span>
    </span>
  )
}

export function Warned({ rule }: { rule: WarnedRule }) {
  const { overview: text } = useText()
  const { kind, namespace, name, warnings } = rule
  if (!(kind in KINDS)) return null
  return (
    <li>
      <span className="gravity gravity-warn" aria-hidden="true" />
      <RuleName kind={kind as Kind} namespace={namespace} name={name} />
      <span className="text-warn grow">{text.warned(warnings.length)}</span>
    </li>
  )
}

export function Unapplied({ rule }: { rule: RuleTroubles['unapplied'][number] }) {
  const { overview: text } = useText()
  return (
    <li>
      <span className="gravity gravity-warn" aria-hidden="true" />
      <RuleName kind={rule.kind} namespace={rule.namespace} name={rule.name} />
      <span className="text-warn grow">{text.unapplied(rule.status.subscriber_count)}</span>
    </li>
  )
}
