import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, type Change, type ChangeKind, must, type Page } from '../api/client'
import { parseMoment } from '../time/moment'

export interface ChangesQuery {
  kind?: ChangeKind | undefined
  namespace?: string | undefined
  service?: string | undefined
  instance?: string | undefined
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
