import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, ifMatch, must, type Page, type RuleKind, type RuleStatus, type WarnedRule } from '../api/client'
import type { Collection, CommonSpec, Revision, Rule, Written } from './noun'

/*
 * The rules of any kind: their paths differ in one segment, and their answers in what a rule says.
 */

const LIST = '/api/v1/namespaces/{namespace}/routing-rules'
const ONE = '/api/v1/namespaces/{namespace}/routing-rules/{name}'

/** The path for a kind; typed as that for routing rules, whose parameters are those of every kind. */
const pathFor = <Path extends string>(path: Path, collection: Collection) => path.replace('routing-rules', collection) as Path

/** A rule by its name. */
export interface RuleId {
  namespace: string
  name: string
}

const BIGGEST_PAGE = 500

async function listAll<Spec extends CommonSpec>(collection: Collection, namespace: string, asOf: string | undefined, signal: AbortSignal) {
  const rules: Rule<Spec>[] = []
  let token: string | undefined
  do {
    const query = { page_size: BIGGEST_PAGE, page_token: token, as_of: asOf }
    const answer = must(api.GET(pathFor(LIST, collection), { params: { path: { namespace }, query }, signal }))
    const page = (await answer) as unknown as Page<Rule<Spec>>
    rules.push(...page.items)
    token = page.next_page_token
  } while (token)
  return rules
}

/** Every rule of a kind in a namespace, as they are or were. */
export const rulesQuery = <Spec extends CommonSpec>(collection: Collection, namespace: string, asOf?: string) =>
  queryOptions({
    queryKey: asOf === undefined ? ['rules', collection, namespace] : ['past', 'rules', collection, namespace, asOf],
    queryFn: ({ signal }) => listAll<Spec>(collection, namespace, asOf, signal),
  })

/** A rule as it is or was. */
export const ruleQuery = <Spec extends CommonSpec>(collection: Collection, { namespace, name }: RuleId, asOf?: string) =>
  queryOptions({
    queryKey: asOf === undefined ? ['rule', collection, namespace, name] : ['past', 'rule', collection, namespace, name, asOf],
    queryFn: ({ signal }) => {
      const params = { path: { namespace, name }, query: { as_of: asOf } }
      return must(api.GET(pathFor(ONE, collection), { params, signal })) as Promise<unknown> as Promise<Rule<Spec>>
    },
  })

const SOON_MS = 2_000
const LATER_MS = 30_000

/** Who obeys a rule; asked for again and again, as what clients apply is in no log. */
export const statusQuery = (collection: Collection, { namespace, name }: RuleId) =>
  queryOptions({
    queryKey: ['rule', collection, namespace, name, 'status'],
    queryFn: ({ signal }) => {
      const params = { path: { namespace, name } }
      return must(api.GET(pathFor(`${ONE}/status`, collection), { params, signal })) as Promise<RuleStatus>
    },
    refetchInterval: ({ state: { data } }) => (data && data.applied_count === data.subscriber_count ? LATER_MS : SOON_MS),
  })

/** The states of a rule, newest first, page after page. */
export const revisionsQuery = <Spec extends CommonSpec>(collection: Collection, { namespace, name }: RuleId) =>
  infiniteQueryOptions({
    queryKey: ['rule', collection, namespace, name, 'revisions'],
    queryFn: ({ pageParam, signal }) => {
      const query = pageParam ? { page_token: pageParam } : {}
      const asked = must(api.GET(pathFor(`${ONE}/revisions`, collection), { params: { path: { namespace, name }, query }, signal }))
      return asked as Promise<unknown> as Promise<Page<Revision<Spec>>>
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.next_page_token,
  })

/** What a write expects to find: the rule at a revision, or no rule. */
const expecting = (revision: number | undefined) => (revision === undefined ? { 'If-None-Match': '*' } : ifMatch(revision))

interface Put<Spec> extends RuleId {
  spec: Spec
  /** The revision to write over; none to create. */
  revision: number | undefined
}

function put<Spec extends CommonSpec>(collection: Collection, { namespace, name, spec, revision }: Put<Spec>, dryRun: boolean, signal?: AbortSignal) {
  const query = dryRun ? { dry_run: true } : {}
  const params = { path: { namespace, name }, query, header: expecting(revision) }
  const body = spec as never
  const asked = must(api.PUT(pathFor(ONE, collection), { params, body, ...(signal ? { signal } : {}) }))
  return asked as Promise<unknown> as Promise<Written<Spec>>
}

/** Writes a rule. */
export const putRule = <Spec extends CommonSpec>(collection: Collection, rule: Put<Spec>) => put(collection, rule, false)

/** Says what writing a rule would answer, and writes nothing. */
export const tryRule = <Spec extends CommonSpec>(collection: Collection, rule: Put<Spec>, signal?: AbortSignal) =>
  put(collection, rule, true, signal)

export function deleteRule(collection: Collection, { namespace, name, revision }: RuleId & { revision: number }): Promise<unknown> {
  const params = { path: { namespace, name }, header: ifMatch(revision) }
  return must(api.DELETE(pathFor(ONE, collection), { params }))
}

/** Brings a rule back to what it said at a revision; `revision` is the one it is at, none if it is deleted. */
export function revertRule<Spec extends CommonSpec>(collection: Collection, { namespace, name }: RuleId, to: number, revision: number | undefined) {
  const params = { path: { namespace, name }, header: expecting(revision) }
  const asked = must(api.POST(pathFor(`${ONE}:revert`, collection), { params, body: { revision: to } }))
  return asked as Promise<unknown> as Promise<Written<Spec>>
}

const WARNINGS_MS = 15_000

/** Every rule of a kind that is probably not what was meant. Instances come and go, so it is asked for again and again. */
export const warningsQuery = (kind: RuleKind, namespace: string | undefined) =>
  queryOptions({
    queryKey: ['warnings', kind, namespace],
    queryFn: async ({ signal }) => {
      const warned: WarnedRule[] = []
      let token: string | undefined
      do {
        const query = { kind, namespace, page_size: BIGGEST_PAGE, page_token: token }
        const page: Page<WarnedRule> = await must(api.GET('/api/v1/warnings', { params: { query }, signal }))
        warned.push(...page.items)
        token = page.next_page_token
      } while (token)
      return warned
    },
    refetchInterval: WARNINGS_MS,
  })
