import type { RoutingRuleSpec } from '../api/client'
import type { components } from '../api/schema'
import type { Call, CallDocument, FactKind, NamedFact } from '../simulator/call'
import { KINDS, NO_CALL, serviceText } from '../simulator/call'
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

/** The call of a test as the form of the simulator has it. */
export function callOfRequest({ to, from = {}, method = '', path = '', exclude = [], ...rest }: CallDocument, home: string): Call {
  const { namespace = 'default', service = '', metadata = {}, ip = '', location } = from
  const facts = KINDS.flatMap((kind): NamedFact[] => {
    const entries = kind === 'labels' ? metadata : (rest[ENTRIES[kind]] ?? {})
    return Object.entries(entries).map(([name, value]) => ({ kind, name, value }))
  })
  return {
    ...NO_CALL,
    to: to.service === '' ? '' : serviceText(to.namespace ?? home, to.service),
    from: service === '' ? '' : serviceText(namespace, service),
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
