import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import type { ChangeKind } from '../api/client'
import { serviceNameFault } from '../api/name'
import type { Refused } from '../api/problem'
import { toldFault } from '../i18n/told'
import { useText } from '../i18n/use-text'
import { useScope } from '../shell/scope'
import { Button } from '../ui/button'
import { ExportMenu } from '../ui/export-menu'
import { SelectField, TextField } from '../ui/field'
import { Page } from '../ui/page'
import { Empty, Failed, Loading } from '../ui/states'
import { ChangeList } from './change-list'
import { merged } from './merge'
import { type ChangesQuery, logQuery, upTo } from './queries'
import { useTail } from './use-tail'

const route = getRouteApi('/changes')
const KINDS = ['namespace', 'service', 'instance', 'routing_rule', 'nearby_rule', 'rate_limit_rule', 'event'] as const satisfies readonly ChangeKind[]

/** Who changed what, and when: the log, with its live tail. */
export function ChangesPage() {
  const { changes: text } = useText()
  const { namespace, asOf } = useScope()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const kind = KINDS.find((one) => one === search.kind)
  const { service, actor } = search
  const set = (change: Partial<Record<'kind' | 'service' | 'actor' | 'change', string | undefined>>) =>
    void navigate({ search: (now) => ({ ...now, change: undefined, ...change }), replace: true })
  const query: ChangesQuery = { namespace, kind, service, actor, ...upTo(asOf) }
  return (
    <Page title={text.title} actions={<ExportMenu path="/api/v1/changes" query={{ ...query }} />}>
      <div className="tools filters">
        <SelectField
          label={text.kind}
          value={kind ?? ''}
          onChange={(value) => set({ kind: value || undefined })}
          options={[['', text.anyKind], ...KINDS.map((one) => [one, text.kinds[one]] as const)]}
        />
        <FilterField key={`s${service}`} label={text.service} value={service} faultOf={serviceNameFault} onChoose={(value) => set({ service: value })} />
        <FilterField key={`a${actor}`} label={text.actor} value={actor} onChoose={(value) => set({ actor: value })} />
      </div>
      <Log key={JSON.stringify(query)} query={query} isNow={asOf === undefined} open={search.change} onOpen={(change) => set({ change })} />
    </Page>
  )
}

interface FilterProps {
  label: string
  value: string | undefined
  /** Why nothing could be found by a text. */
  faultOf?: (text: string) => Refused | undefined
  onChoose: (value: string | undefined) => void
}

/** A filter that holds when one leaves it, or on Enter. */
function FilterField({ label, value, faultOf, onChoose }: FilterProps) {
  const text = useText()
  const [typed, setTyped] = useState(value ?? '')
  const word = typed.trim()
  const fault = word === '' ? undefined : faultOf?.(word)
  const choose = () => {
    if (!fault && word !== (value ?? '')) onChoose(word || undefined)
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        choose()
      }}
    >
      <TextField label={label} type="search" value={typed} fault={fault && toldFault(fault, text)} onChange={setTyped} onBlur={choose} />
    </form>
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
    const isFiltered = query.kind ?? query.service ?? query.actor
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
