import { type UseQueryResult, useQueries } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Reached, RuleKind, RuleProgress, WarnedRule } from '../api/client'
import { useText } from '../i18n/use-text'
import { foundRulesQuery, type RulesQuery, warningsQuery } from '../rule/api'
import { type Collection, keyOf } from '../rule/noun'

/** How many of the rules that changed last are looked at for whether anybody asked for them. */
const NEWEST = 10
/** How many of those that do not reach applications are shown. */
const SHOWN = 50
/** What applications apply is in no log, so that it is asked for again and again. */
const AGAIN_MS = 15_000

const KINDS = {
  routing_rule: ['routing-rules', '/routing-rules/$namespace/$rule'],
  nearby_rule: ['nearby-rules', '/nearby-rules/$namespace/$rule'],
  rate_limit_rule: ['rate-limit-rules', '/rate-limit-rules/$namespace/$rule'],
} as const satisfies Record<RuleKind, readonly [Collection, string]>

const ALL = Object.keys(KINDS) as RuleKind[]

interface NamedRule {
  kind: RuleKind
  namespace: string
  name: string
}

type Unreached = NamedRule & { status: RuleProgress }

export interface RuleTroubles {
  warned: WarnedRule[]
  /** Rules that nobody applies, or that somebody cannot understand. */
  unreached: Unreached[]
  /** What was asked to know them. */
  queries: UseQueryResult<unknown>[]
}

/** Rules that are probably not what was meant, and those that do not reach the applications that they are for. */
export function useRuleTroubles(namespace: string | undefined): RuleTroubles {
  const warned = useQueries({ queries: ALL.map((kind) => warningsQuery(kind, namespace)) })
  const of = (status: Reached): RulesQuery => ({ namespace, enabled: true, status, page_size: SHOWN })
  const asked = [of('unable'), of('unapplied'), { namespace, enabled: true, sort: '-modified_at', page_size: NEWEST } satisfies RulesQuery]
  const questions = ALL.flatMap((kind) => asked.map((query) => ({ kind, query })))
  const found = useQueries({
    queries: questions.map(({ kind, query }) => ({ ...foundRulesQuery(KINDS[kind][0], query), refetchInterval: AGAIN_MS })),
  })
  const unreached = new Map<string, Unreached>()
  for (const [index, { data }] of found.entries()) {
    const kind = questions[index]?.kind ?? 'routing_rule'
    for (const rule of data?.items ?? []) {
      const { namespace: home, name, status } = rule
      const isUnreached = status !== undefined && (status.applied_count === 0 || status.unable_count > 0)
      const key = `${kind} ${keyOf(rule)}`
      if (isUnreached && !unreached.has(key)) unreached.set(key, { kind, namespace: home, name, status })
    }
  }
  return { warned: warned.flatMap(({ data = [] }) => data), unreached: [...unreached.values()], queries: [...warned, ...found] }
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
  const { overview: text, rules } = useText()
  const { warnings } = rule
  return (
    <li>
      <span className="gravity gravity-warn" aria-hidden="true" />
      <RuleName {...rule} />
      <span className="text-warn grow" title={warnings.map(({ code }) => rules.warningCodes[code]).join('\n')}>
        {text.warned(warnings.length)}
      </span>
    </li>
  )
}

export function Unreaching({ rule }: { rule: Unreached }) {
  const { overview: text } = useText()
  const { kind, status } = rule
  const { subscriber_count: all, unable_count: unable } = status
  const isLimit = kind === 'rate_limit_rule'
  const said = unable > 0 ? text.notUnderstood(unable, all) : isLimit && all === 0 ? text.unenforced : text.unapplied(all)
  return (
    <li>
      <span className={unable > 0 ? 'gravity gravity-bad' : 'gravity gravity-warn'} aria-hidden="true" />
      <RuleName {...rule} />
      <span className={unable > 0 ? 'text-bad grow' : 'text-warn grow'}>{said}</span>
    </li>
  )
}
