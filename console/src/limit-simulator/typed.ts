import { getRouteApi } from '@tanstack/react-router'
import type { ProblemPart } from '../api/problem'
import type { components } from '../api/schema'
import { type Call, callOf, type CallDocument, KIND_OF, KINDS, type FactKind, searchOf } from '../simulator/call'
import type { Check } from '../simulator/explanation'
import { useTypedSearch } from '../simulator/use-typed'
import { SEQUENCE_KEYS } from './keys'

type Schemas = components['schemas']
export type LimitAnswer = Schemas['RateLimitSimulation']
export type LimitStanding = Schemas['LimitRuleStanding']
export type LimitQuestion = Schemas['RateLimitSimulateBody']

/** How often a call comes, as it is typed. */
export type Sequence = Record<(typeof SEQUENCE_KEYS)[number], string>
export type Calls = Call & Sequence

const route = getRouteApi('/simulator/rate-limits')

const write = (calls: Calls) => ({
  ...searchOf(calls),
  ...Object.fromEntries(SEQUENCE_KEYS.flatMap((key) => (calls[key] ? [[key, calls[key]]] : []))),
})

/** The calls as they are typed, and those in the address, which follow. */
export function useTypedCalls() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const { calls = '', over_ms = '', instances = '' } = search
  const inForce: Calls = { ...callOf(search), calls, over_ms, instances }
  return useTypedSearch(inForce, write, (next) => void navigate({ search: next, replace: true }))
}

/** What the API is asked; without a number of calls it is one. */
export function questionOf(request: CallDocument, { calls, over_ms: over, instances }: Sequence, draft: unknown): LimitQuestion {
  const sequence = {
    calls: Number(calls || 1),
    ...(over ? { over_ms: Number(over) } : {}),
    ...(instances ? { instances: Number(instances) } : {}),
  }
  return { request, sequence, ...(draft ? { draft: draft as Schemas['RateLimitDraft'] } : {}) }
}

/** What each of a sequence may be. */
const RANGES = { calls: [1, 100_000], over_ms: [0, 86_400_000], instances: [1, 1_000] } as const

/** What of a sequence is not within its range, as the control plane would refuse it. */
export function outsideOf({ sequence }: Pick<LimitQuestion, 'sequence'>): ProblemPart[] {
  return SEQUENCE_KEYS.flatMap((key) => {
    const [value, [min, max]] = [sequence?.[key], RANGES[key]]
    if (value === undefined || (value >= min && value <= max)) return []
    const reason = { code: 'out_of_range' as const, value: String(value), min: String(min), max: String(max) }
    return [{ pointer: `/sequence/${key}`, detail: `${value} is outside ${min}..=${max}`, reason }]
  })
}

/** A test of a limit, as checks are shown. */
export function checkOf({ wanted: { on, key, op, value, values, min, max, fact }, got = null, holds }: Schemas['LimitTest']): Check {
  const named = (one: Schemas['Fact']) => [one.on, one.key].filter(Boolean).join('.')
  const range = op === 'range' ? [`${min ?? ''}..=${max ?? ''}`] : []
  const want = [...(value === undefined ? [] : [value]), ...(values ?? []), ...range, ...(fact ? [named(fact)] : [])]
  return { fact: named({ on, ...(key ? { key } : {}) }), op, want, got, holds }
}

/** The headers and the like that the limits ask for, of each kind. */
export function askedNames(rules: LimitStanding[]): Record<FactKind, string[]> {
  const asked = rules.flatMap(({ conditions }) => conditions.map(({ wanted }) => wanted))
  const of = (kind: FactKind) => [...new Set(asked.flatMap(({ on, key }) => (KIND_OF[on] === kind && key ? [key] : [])))]
  return Object.fromEntries(KINDS.map((kind) => [kind, of(kind)])) as Record<FactKind, string[]>
}
