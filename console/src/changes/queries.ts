import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, type Change, type ChangeKind, must, type Page } from '../api/client'
import { parseMoment } from '../time/moment'

export interface ChangesQuery {
  kind?: ChangeKind | undefined
  namespace?: string | undefined
  service?: string | undefined
  instance?: string | undefined
  rule?: string | undefined
  actor?: string | undefined
  since?: string | undefined
  until?: string | undefined
  before?: number | undefined
  page_size?: number
}

const get = (query: ChangesQuery & { page_token?: string }, signal?: AbortSignal): Promise<Page<Change>> =>
  must(api.GET('/api/v1/changes', { params: { query }, ...(signal ? { signal } : {}) }))

/** The newest changes, on one page. */
export const newestChangesQuery = (query: ChangesQuery) =>
  queryOptions({
    queryKey: ['changes', query],
    queryFn: ({ signal }) => get(query, signal),
  })

/** The rules and the actors of the newest changes, to choose from. */
export const seenQuery = (namespace: string | undefined) =>
  queryOptions({
    // Not under `changes`: which there are seldom changes.
    queryKey: ['seen', namespace],
    queryFn: async ({ signal }) => {
      const { items } = await get({ namespace, page_size: 500 }, signal)
      return { rules: counted(items.map(({ rule }) => rule)), actors: counted(items.map(({ actor }) => actor)) }
    },
  })

/** What there is, most frequent first, with how often. */
export function counted(names: readonly (string | undefined)[]): { value: string; context: string }[] {
  const counts = new Map<string, number>()
  for (const name of names) if (name) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].toSorted(([, a], [, b]) => b - a).map(([value, count]) => ({ value, context: `× ${count}` }))
}

/** The newest changes of a service and of its instances. */
export const serviceChangesQuery = (namespace: string, service: string, query: ChangesQuery) =>
  queryOptions({
    queryKey: ['service', namespace, service, 'changes', query],
    queryFn: ({ signal }) => get({ namespace, service, ...query }, signal),
  })

/** Changes from newer to older, page after page, as one reading finds them. The live tail adds what is newer still. */
export const logQuery = (query: ChangesQuery, reading: number) =>
  infiniteQueryOptions({
    // Not under `changes`: reading every loaded page anew for each change would be wasted.
    queryKey: ['log', query, reading],
    queryFn: ({ pageParam, signal }) => get({ ...query, page_size: 100, ...(pageParam ? { page_token: pageParam } : {}) }, signal),
    initialPageParam: '',
    getNextPageParam: (page: Page<Change>) => page.next_page_token,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  })

/** The part of a query that leaves out what came after a moment. */
export function upTo(asOf: string | undefined): Pick<ChangesQuery, 'until' | 'before'> {
  if (asOf === undefined) return {}
  const moment = parseMoment(asOf)
  return moment?.is === 'revision' ? { before: moment.revision + 1 } : { until: asOf }
}

/** The times that a log is asked for: those of the address, and nothing after the moment that is looked at. */
export function timesOf(asked: { since?: string | undefined; until?: string | undefined }, asOf: string | undefined): Pick<ChangesQuery, 'since' | 'until' | 'before'> {
  const [since, until] = [asked.since, asked.until].map((text) => (text !== undefined && parseMoment(text)?.is === 'time' ? text : undefined))
  const past = upTo(asOf)
  const times = [until, past.until].filter((one) => one !== undefined).toSorted((a, b) => Date.parse(a) - Date.parse(b))
  return { ...past, ...(since === undefined ? {} : { since }), ...(times[0] === undefined ? {} : { until: times[0] }) }
}
