import type { RoutingRuleSpec } from '../api/client'
import type { components } from '../api/schema'
import type { Call, CallDocument, FactKind, NamedFact } from '../simulator/call'
import { entriesOf, KINDS, NO_CALL, serviceOf, serviceText } from '../simulator/call'
import { decisiveBranch, type Explanation, placeOf, storyOf } from '../simulator/explanation'
import { isRoutingTest } from './shape'

/*
 * The tests of a routing rule: each is a call, and what is expected of it.
 */

type Schemas = components['schemas']
export type RoutingTest = Schemas['RoutingTest']
export type Expectation = Schemas['RoutingExpectation']
export type Verdict = Schemas['Verdict']

export const VERDICTS = ['routed', 'rejected', 'no_instance'] as const satisfies readonly Verdict[]

const ENTRIES: Record<Exclude<FactKind, 'labels'>, 'headers' | 'query' | 'cookies' | 'arguments'> = {
  headers: 'headers',
  query: 'query',
  cookies: 'cookies',
  arguments: 'arguments',
}

/**
 * The call of a test as the form of the simulator has it.
 *
 * A callee without a namespace is of that of the caller, or else of that of the rule, `home`. Of the caller
 * only what is said is known: `prod/` is anybody of a namespace, `/web` a service without one.
 */
export function callOfRequest({ to, from = {}, method = '', path = '', exclude = [], ...rest }: CallDocument, home: string): Call {
  const { namespace, service = '', metadata = {}, ip = '', location } = from
  const facts = KINDS.flatMap((kind): NamedFact[] => {
    const entries = kind === 'labels' ? metadata : (rest[ENTRIES[kind]] ?? {})
    return Object.entries(entries).map(([name, value]) => ({ kind, name, value }))
  })
  return {
    ...NO_CALL,
    to: to.service === '' ? '' : serviceText(to.namespace ?? namespace ?? home, to.service),
    from: service === '' && namespace === undefined ? '' : serviceText(namespace ?? '', service),
    method,
    path,
    ip,
    region: location?.region ?? '',
    zone: location?.zone ?? '',
    campus: location?.campus ?? '',
    exclude: exclude.join(' '),
    facts,
  }
}

/**
 * The call of a test after its form was edited: what is still as it was shown stays as it was written.
 *
 * The callee that is shown is the one that is called, also when its namespace was that of a caller who is another one now.
 */
export function editedRequest(request: CallDocument, shown: Call, edited: Call, home: string): CallDocument {
  const isEdited = (key: keyof Call) => edited[key] !== shown[key]
  const { facts } = edited
  const from = said({
    ...request.from,
    ...(isEdited('from') && { namespace: undefined, service: undefined, ...partsOf(edited.from, home) }),
    ...(isEdited('facts') && { metadata: entriesOf(facts, 'labels') }),
  })
  const isCallee = isEdited('to') || (isEdited('from') && request.to.service !== '')
  return said({
    ...request,
    from: Object.keys(from).length > 0 ? from : undefined,
    to: isCallee ? { service: '', ...partsOf(edited.to, home) } : request.to,
    ...(isEdited('method') && { method: edited.method.trim() || undefined }),
    ...(isEdited('path') && { path: edited.path.trim() || undefined }),
    ...(isEdited('facts') && Object.fromEntries(Object.entries(ENTRIES).map(([kind, key]) => [key, entriesOf(facts, kind as FactKind)]))),
  }) as CallDocument
}

/** The parts of a service that a text says; a text without a slash is a service of the namespace of the rule. */
function partsOf(text: string, home: string): { namespace?: string; service?: string } {
  const { namespace = '', service = '' } = serviceOf(text, home) ?? {}
  return { ...(namespace && { namespace }), ...(service && { service }) }
}

/** The entries that there are. */
const said = (entries: object) => Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined))

/** A call in a line, such as `POST /pay, x-user: 42`. */
export function callText({ method = '', path = '', headers = {}, query = {}, cookies = {}, arguments: given = {}, from }: CallDocument): string {
  const facts = [headers, query, cookies, given, from?.metadata ?? {}].flatMap((entries) => Object.entries(entries))
  const start = [method, path].filter((part) => part !== '').join(' ')
  return [start, ...facts.map(([name, value]) => `${name}: ${value}`)].filter((part) => part !== '').join(', ')
}

/** Whom a rule is for, where it names one service. */
function calleeOf({ callee: { namespace, service } }: RoutingRuleSpec, home: string): CallDocument['to'] {
  const named = service === '*' ? '' : service
  return { namespace: namespace === undefined || namespace === '*' ? home : namespace, service: named }
}

/** A test with nothing but the service that the rule is for. */
export const newTest = (spec: RoutingRuleSpec, { namespace, name }: { namespace: string; name: string }): RoutingTest => ({
  request: { to: calleeOf(spec, namespace) },
  expect: name === '' ? { verdict: 'routed' } : { decided_by: `${namespace}/${name}[0]` },
})

/** What a simulation says, as what is expected of its call from now on. */
export function expectationOf(told: Explanation): Expectation {
  const labels = labelsOf(told)
  return {
    verdict: told.verdict,
    ...(told.decided_by === undefined ? {} : { decided_by: told.decided_by }),
    ...(told.verdict === 'routed' && Object.keys(labels).length > 0 ? { labels } : {}),
  }
}

/** The labels of the instances that the call may go to, if the branch that decided has one target that says them. */
function labelsOf(told: Explanation): Record<string, string> {
  const [target, ...others] = decisiveBranch(storyOf(told))?.targets.filter(({ candidates, weight }) => candidates > 0 && weight > 0) ?? []
  if (!target || others.length > 0) return {}
  const texts = Object.entries(target.labels).flatMap(([key, test]) =>
    typeof test === 'string' ? [[key, test] as const] : test.op === 'exact' && test.value !== undefined ? [[key, test.value] as const] : [],
  )
  return Object.fromEntries(texts)
}

/** The test that an address brings; none if it is not one. */
export function testOf(text: string | undefined): RoutingTest | undefined {
  try {
    const test: unknown = JSON.parse(text ?? '')
    return isRoutingTest(test) ? (test as RoutingTest) : undefined
  } catch {
    return undefined
  }
}

/** What decides a call, in words: this rule, a branch of it, or another one by its name. */
export function deciderText(
  place: string,
  rule: { namespace: string; name: string; branches: { name?: string }[] },
  text: { thisRule: string; branch: (number: number, name: string) => string },
): string {
  const { namespace, name, branch } = placeOf(place)
  if (namespace !== rule.namespace || name !== rule.name) return place
  return branch === undefined ? text.thisRule : text.branch(branch + 1, rule.branches[branch]?.name ?? '')
}
