import { type UseQueryResult, useQueries } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Reached, RuleKind, RuleProgress, WarnedRule } from '../api/client'
import { useText } from '../i18n/use-text'
import { foundRulesQuery, type RulesQuery, warningsQuery } from '../rule/api'
import type { Collection } from '../rule/noun'

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

/** What is doubtful about a rule: warnings, and how far it has come. */
interface Troubled extends NamedRule {
  warnings: WarnedRule['warnings']
  /** Given if nobody applies it, or somebody cannot understand it. */
  status?: RuleProgress
}

interface RuleTroubles {
  troubled: Troubled[]
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
  const troubled = new Map<string, Troubled>()
  for (const { kind, namespace: home, name, warnings } of warned.flatMap(({ data = [] }) => data)) {
    troubled.set(`${kind} ${home} ${name}`, { kind, namespace: home, name, warnings })
  }
  for (const [index, { data }] of found.entries()) {
    const kind = questions[index]?.kind ?? 'routing_rule'
    for (const { namespace: home, name, status } of data?.items ?? []) {
      const isUnreached = status !== undefined && (status.applied_count === 0 || status.unable_count > 0)
      const key = `${kind} ${home} ${name}`
      if (isUnreached) troubled.set(key, { kind, namespace: home, name, warnings: [], ...troubled.get(key), status })
    }
  }
  return { troubled: [...troubled.values()], queries: [...warned, ...found] }
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

/** One row of a rule, with all that is doubtful about it. */
export function RuleRow({ rule }: { rule: Troubled }) {
  const { kind, warnings, status } = rule
  const isBad = status !== undefined && status.unable_count > 0
  return (
    <li>
      <span className={`gravity gravity-${isBad ? 'bad' : 'warn'}`} aria-hidden="true" />
      <RuleName {...rule} />
      <span className="grow stack-tight">
        {warnings.length > 0 && <Warnings warnings={warnings} />}
        {status && <Unreached kind={kind} status={status} />}
      </span>
    </li>
  )
}

/** Names the first warning, and counts the others. */
function Warnings({ warnings }: Pick<Troubled, 'warnings'>) {
  const { overview: text, rules } = useText()
  const named = [...new Set(warnings.map(({ code }) => rules.warningCodes[code]))]
  return (
    <span className="text-warn" title={named.join('\n')}>
      {text.warned(warnings.length, named[0] ?? '')}
    </span>
  )
}

function Unreached({ kind, status }: { kind: RuleKind; status: RuleProgress }) {
  const { overview: text } = useText()
  const { subscriber_count: all, unable_count: unable } = status
  const isLimit = kind === 'rate_limit_rule'
  const said = unable > 0 ? text.notUnderstood(unable, all) : isLimit && all === 0 ? text.unenforced : text.unapplied(all)
  return <span className={unable > 0 ? 'text-bad' : 'text-warn'}>{said}</span>
}
