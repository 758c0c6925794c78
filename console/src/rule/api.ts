import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, ifMatch, must, type Page, type Reached, type RuleKind, type RuleSort, type RuleStatus, type WarnedRule } from '../api/client'
import { Problem } from '../api/problem'
import type { Collection, CommonSpec, Listed, Revision, Rule, Written } from './noun'

/*
 * The rules of any kind: their paths differ in one segment, and their answers in what a rule says.
 */

const ONE = '/api/v1/namespaces/{namespace}/routing-rules/{name}'

/** The path for a kind; typed as that for routing rules, whose parameters are those of every kind. */
export const pathFor = <Path extends string>(path: Path, collection: Collection) => path.replace('routing-rules', collection) as Path

/** A rule by its name. */
export interface RuleId {
  namespace: string
  name: string
}

const BIGGEST_PAGE = 500

/** A rule as it is or was. */
export const ruleQuery = <Spec extends CommonSpec>(collection: Collection, { namespace, name }: RuleId, asOf?: string) =>
  queryOptions({
    queryKey: asOf === undefined ? ['rule', collection, namespace, name] : ['past', 'rule', collection, namespace, name, asOf],
    queryFn: ({ signal }) => {
      const params = { path: { namespace, name }, query: { as_of: asOf } }
      return must(api.GET(pathFor(ONE, collection), { params, signal })) as Promise<unknown> as Promise<Rule<Spec>>
    },
  })

/** What is asked of the rules of all namespaces. */
export interface RulesQuery {
  namespace?: string | undefined
  name?: string
  callee?: string
  caller?: string
  enabled?: boolean
  metadata?: string[]
  service?: string
  service_namespace?: string
  status?: Reached
  sort?: RuleSort
  as_of?: string | undefined
  page_size?: number
  page_token?: string
}

async function search<Spec extends CommonSpec>(collection: Collection, query: RulesQuery, signal: AbortSignal) {
  const params = { query: { sort: 'priority' as const, ...query } }
  const asked = must(api.GET(pathFor('/api/v1/routing-rules', collection), { params, signal }))
  return (await asked) as unknown as Page<Listed<Spec>>
}

/** What touches a search: a change of any rule of the kind, or of one in the namespace. */
const searchKey = (collection: Collection, { as_of: asOf, namespace = '*', ...query }: RulesQuery) =>
  asOf === undefined ? ['rules', collection, namespace, query] : ['past', 'rules', collection, namespace, asOf, query]

const SOON_MS = 2_000
const LATER_MS = 30_000

const isOnItsWay = ({ enabled = true, status }: Listed<CommonSpec>) =>
  enabled && status !== undefined && status.applied_count + status.unable_count < status.subscriber_count

/** The rules of a kind in the order in which they are tried, page after page; how far they have come is asked for again and again. */
export const searchedRulesQuery = <Spec extends CommonSpec>(collection: Collection, query: RulesQuery) =>
  infiniteQueryOptions({
    queryKey: [...searchKey(collection, query), 'pages'],
    queryFn: ({ pageParam, signal }) => search<Spec>(collection, pageParam ? { ...query, page_token: pageParam } : query, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_page_token,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state: { data } }) => {
      const pages = data?.pages ?? []
      // Every page is read anew, so that many are read less often.
      return pages.some(({ items }) => items.some(isOnItsWay)) ? SOON_MS * pages.length : LATER_MS
    },
  })

/** The first rules of a kind that a search finds. */
export const foundRulesQuery = <Spec extends CommonSpec>(collection: Collection, query: RulesQuery) =>
  queryOptions({
    queryKey: searchKey(collection, query),
    queryFn: ({ signal }) => search<Spec>(collection, query, signal),
    placeholderData: keepPreviousData,
  })

/** Every rule of a kind, of whatever namespace, that is about a service, in the order in which they are tried. */
export const aboutServiceQuery = <Spec extends CommonSpec>(collection: Collection, namespace: string, service: string, asOf?: string) =>
  allRulesQuery<Spec>(collection, { service, service_namespace: namespace, as_of: asOf })

/** Every rule of a kind in a namespace, as they are or were; none if there is no such namespace. */
export const rulesQuery = <Spec extends CommonSpec>(collection: Collection, namespace: string, asOf?: string) =>
  allRulesQuery<Spec>(collection, { namespace, as_of: asOf })

/** Every rule of a kind that a search finds. */
const allRulesQuery = <Spec extends CommonSpec>(collection: Collection, searched: RulesQuery) => {
  const query = { ...searched, page_size: BIGGEST_PAGE }
  return queryOptions({
    queryKey: [...searchKey(collection, query), 'all'],
    queryFn: async ({ signal }) => {
      const rules: Listed<Spec>[] = []
      let token: string | undefined
      do {
        const page = await search<Spec>(collection, token ? { ...query, page_token: token } : query, signal)
        rules.push(...page.items)
        token = page.next_page_token
      } while (token)
      return rules
    },
  })
}

/** Who obeys a rule; asked for again and again, as what clients apply is in no log. */
export const statusQuery = (collection: Collection, { namespace, name }: RuleId) =>
  queryOptions({
    queryKey: ['rule', collection, namespace, name, 'status'],
    queryFn: ({ signal }) => {
      const params = { path: { namespace, name } }
      return must(api.GET(pathFor(`${ONE}/status`, collection), { params, signal })) as Promise<RuleStatus>
    },
    refetchInterval: ({ state: { data } }) =>
      data && data.applied_count + data.unable_count === data.subscriber_count ? LATER_MS : SOON_MS,
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

/** Whether a write over a rule was refused because there is none any more. */
export const isOfAbsent = (error: unknown) =>
  error instanceof Problem && (error.status === 404 || (error.status === 412 && error.body.current_revision === undefined))

/** Whether tests of rules may refuse a write. */
export type Tests = 'heeded' | 'skipped'

/** Rate limits have no tests, and no such parameter. */
const heeding = (tests: Tests) => (tests === 'skipped' ? { skip_tests: true } : {})

function put<Spec extends CommonSpec>(collection: Collection, { namespace, name, spec, revision }: Put<Spec>, query: object, signal?: AbortSignal) {
  const params = { path: { namespace, name }, query, header: expecting(revision) }
  const body = spec as never
  const asked = must(api.PUT(pathFor(ONE, collection), { params, body, ...(signal ? { signal } : {}) }))
  return asked as Promise<unknown> as Promise<Written<Spec>>
}

/** Writes a rule. */
export const putRule = <Spec extends CommonSpec>(collection: Collection, rule: Put<Spec>, tests: Tests = 'heeded') =>
  put(collection, rule, heeding(tests))

/** Says what writing a rule would answer, and writes nothing. */
export const tryRule = <Spec extends CommonSpec>(collection: Collection, rule: Put<Spec>, tests: Tests, signal?: AbortSignal) =>
  put(collection, rule, { dry_run: true, ...heeding(tests) }, signal)

export function deleteRule(
  collection: Collection,
  { namespace, name, revision }: RuleId & { revision: number },
  tests: Tests = 'heeded',
): Promise<unknown> {
  const params = { path: { namespace, name }, query: heeding(tests), header: ifMatch(revision) }
  return must(api.DELETE(pathFor(ONE, collection), { params }))
}

/** Brings a rule back to what it said at a revision; `revision` is the one it is at, none if it is deleted. */
export function revertRule<Spec extends CommonSpec>(
  collection: Collection,
  { namespace, name }: RuleId,
  to: number,
  revision: number | undefined,
  tests: Tests = 'heeded',
) {
  const params = { path: { namespace, name }, query: heeding(tests), header: expecting(revision) }
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
