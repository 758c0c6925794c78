import type { QueryClient } from '@tanstack/react-query'
import { api, must, type Page } from '../api/client'
import { Problem, type ProblemPart } from '../api/problem'
import { pathFor } from '../rule/api'
import type { Collection, CommonSpec, Rule } from '../rule/noun'
import { rolesOf } from '../rule/roles'
import type { CallDocument } from './call'
import { isIp } from './ip'

/*
 * What the simulations would refuse of what is typed, asked where the answer is 200 whatever it is: a half-typed call or draft is
 * no error to the browser. It throws the problem that a simulation would answer.
 */

type Callee = CallDocument['to']

/** A rule that is not there yet. */
interface DraftRule {
  namespace?: string
  name: string
  spec: object
}

interface Asked {
  request: CallDocument
  draft?: DraftRule | undefined
}

interface Asking {
  client: QueryClient
  asOf: string | undefined
  signal: AbortSignal
}

/** Where a service or a rule is that says nothing else. */
const HOME = 'default'

/** The kinds of rules that drafts are of. */
const KINDS = { 'routing-rules': 'RoutingRule', 'rate-limit-rules': 'RateLimitRule' } as const satisfies Partial<Record<Collection, string>>

/** Refuses a call and a draft that could not be simulated. */
export async function foreseeRefused(collection: keyof typeof KINDS, { request, draft }: Asked, asking: Asking) {
  const ip = request.from?.ip
  const found: ProblemPart[] = ip === undefined || isIp(ip) ? [] : [notIp(ip)]
  // A test says its call as a simulation does.
  const test = { kind: 'RoutingTest', metadata: { name: 'call' }, spec: { request, expect: { verdict: 'routed' } } }
  const rule = draft && { kind: KINDS[collection], metadata: { namespace: draft.namespace, name: draft.name }, spec: draft.spec }
  const [ofCall, ofDraft] = await Promise.all([refusedIn(test, asking), rule ? refusedIn(rule, asking) : []])
  found.push(...ofCall.map((fault) => at(fault, (fault.pointer ?? '').replace(/^\/spec/, ''))))
  found.push(...ofDraft.map((fault) => at(fault, (fault.pointer ?? '').replace(/^(?:\/metadata(?=\/))?/, '/draft'))))
  if (found.length === 0 && draft && !(await hasPart(collection, draft, request.to, asking))) found.push(idle(request.to))
  refuse(found)
}

/** Refuses a request, if there is something that it would be refused for. */
export function refuse(errors: ProblemPart[]) {
  const [first] = errors
  if (first) throw Problem.foreseen(400, { code: 'invalid_argument', detail: first.detail, errors })
}

/** Refuses a call to a service that there is not, or was not; one that could be refused otherwise was before. */
export async function foreseeAbsent({ namespace = HOME, service }: Callee, { asOf, signal }: Asking) {
  const query = { namespace, name: service, page_size: 1 }
  const { items } = await must(api.GET('/api/v1/services', { params: { query }, signal }))
  if (items.length > 0) return
  // What is gone and was there at a moment that can be looked at went by a change.
  if (asOf !== undefined) {
    const past = { kind: 'service' as const, namespace, service, page_size: 1 }
    const changes = await must(api.GET('/api/v1/changes', { params: { query: past }, signal }))
    if (changes.items.length > 0) return
  }
  throw Problem.foreseen(404, { code: 'not_found', detail: `service \`${namespace}/${service}\` not found` })
}

const at = (fault: ProblemPart, pointer: string): ProblemPart => ({ ...fault, pointer })

function notIp(ip: string): ProblemPart {
  const reason = { code: 'malformed' as const, form: 'ip_address' as const, value: ip, expected: 'an IP address' }
  return { pointer: '/request/from/ip', detail: `${JSON.stringify(ip)} is not ${reason.expected}`, reason }
}

const idle = ({ namespace = HOME, service }: Callee): ProblemPart => ({
  pointer: '/draft/spec/callee',
  detail: `the draft is not for calls to \`${namespace}/${service}\`: it would play no part`,
  reason: { code: 'plays_no_part', namespace, service },
})

/** What is wrong with a document; that depends on nothing else, so that it is asked once. */
function refusedIn(document: object, { client }: Asking): Promise<ProblemPart[]> {
  return client.fetchQuery({
    queryKey: ['faults', document],
    queryFn: async ({ signal }) => {
      const asked = api.POST('/api/v1/analyze', { body: { documents: [document as never] }, signal })
      const { documents } = await must(asked)
      return (documents[0]?.errors ?? []).map(({ path, message, reason }) => ({ pointer: path, detail: message, ...(reason ? { reason } : {}) }))
    },
    staleTime: Number.POSITIVE_INFINITY,
  })
}

/** Whether a draft is for calls to a service, or in the place of a rule that is. */
async function hasPart(collection: Collection, { namespace: home = HOME, name, spec }: DraftRule, to: Callee, { asOf, signal }: Asking) {
  const service = { namespace: HOME, ...to }
  const isFor = (rule: Pick<Rule<CommonSpec>, 'namespace' | 'callee'>) => rolesOf(rule, service).length > 0
  if (isFor({ namespace: home, callee: (spec as CommonSpec).callee })) return true
  const query = { namespace: home, name, as_of: asOf, page_size: 1 }
  const found = await must(api.GET(pathFor('/api/v1/routing-rules', collection), { params: { query }, signal }))
  return (found as unknown as Page<Rule<CommonSpec>>).items.some(({ namespace, callee: of }) => isFor({ namespace, callee: of }))
}
