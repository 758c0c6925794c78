import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { useText } from '../i18n/use-text'
import { useScope } from '../shell/scope'
import { Button } from '../ui/button'
import { ExportMenu } from '../ui/export-menu'
import { Page } from '../ui/page'
import { Empty, Failed, Loading } from '../ui/states'
import { ChangeList } from './change-list'
import { ChangeFilters, type Filters, KINDS } from './filters'
import { merged } from './merge'
import { type ChangesQuery, logQuery, timesOf } from './queries'
import { useTail } from './use-tail'

const route = getRouteApi('/changes')

/** Who changed what, and when: the log, with its live tail. */
export function ChangesPage() {
  const { changes: text } = useText()
  const { namespace, asOf } = useScope()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const kind = KINDS.find((one) => one === search.kind)
  const { service, rule, actor } = search
  const set = useCallback(
    (change: Filters & { change?: string | undefined }) =>
      void navigate({ search: (now) => ({ ...now, change: undefined, ...change }), replace: true }),
    [navigate],
  )
  const times = timesOf(search, asOf)
  const query: ChangesQuery = { namespace, kind, service, rule, actor, ...times }
  return (
    <Page title={text.title} actions={<ExportMenu path="/api/v1/changes" query={{ ...query }} />}>
      <ChangeFilters filters={search} set={set} />
      <Log key={JSON.stringify(query)} query={query} isNow={times.until === undefined && times.before === undefined} open={search.change} onOpen={(change) => set({ change })} />
    </Page>
  )
}

interface LogProps {
  query: ChangesQuery
  isNow: boolean
  open: string | undefined
  onOpen: (revision: string | undefined) => void
}

function Log({ query, isNow, open, onOpen }: LogProps) {
  const { changes: text, states } = useText()
  // Each reading of the log has a tail of its own.
  const [reading, setReading] = useState(0)
  const readAnew = useCallback(() => setReading((before) => before + 1), [])
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    ...logQuery(query, reading),
    placeholderData: keepPreviousData,
  })
  const tail = useTail(query, String(reading), isNow)
  const changes = merged(tail.changes, data?.pages.flatMap(({ items }) => items) ?? [])
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />
  if (!data) return <Loading rows={12} />
  if (changes.length === 0) {
    const isFiltered = query.kind ?? query.service ?? query.rule ?? query.actor ?? query.since ?? query.until
    return <Empty title={isFiltered ? states.nothingMatches : text.emptyTitle} hint={text.emptyHint} />
  }
  return (
    <div className="log">
      <ChangeList key={reading} changes={changes} open={open} onOpen={onOpen} missed={tail.missed} onMissed={readAnew} />
      {hasNextPage && (
        <div className="table-foot">
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {text.older}
          </Button>
        </div>
      )}
    </div>
  )
}
