import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { Change, Instance } from '../api/client'
import { ChangeList } from '../changes/change-list'
import { serviceChangesQuery, upTo } from '../changes/queries'
import { endpoint, instanceOf } from '../changes/summary'
import { useText } from '../i18n/use-text'
import { instancesQuery } from '../instances/queries'
import { useScope } from '../shell/scope'
import { parseMoment } from '../time/moment'
import { useNow } from '../time/time'
import { Panel } from '../ui/page'
import { Failed, Loading } from '../ui/states'
import { type Axis, byInstance, stretches } from './history'
import { Strip } from './strip'

const route = getRouteApi('/services/$namespace/$service/timeline')
const MINUTES = [5, 60, 6 * 60, 24 * 60] as const
const DEFAULT_MINUTES = 60
const CHANGES = 500
/** More instances than these make a strip that nobody reads. */
const STRIPS = 100

/** The health of each instance and the changes of the service, on one axis. */
export function TimelineTab() {
  const { timeline: text, time, changes: { emptyTitle: none } } = useText()
  const { namespace, service } = route.useParams()
  const { window: chosen } = route.useSearch()
  const { asOf } = useScope()
  const navigate = route.useNavigate()
  const log = useQuery(serviceChangesQuery(namespace, service, { page_size: CHANGES, ...upTo(asOf) }))
  const present = useQuery(instancesQuery(namespace, service, { page_size: STRIPS, as_of: asOf }))
  const now = useNow()
  const failed = [log, present].filter(({ error, data }) => error && !data)
  if (failed[0]) return <Failed error={failed[0].error} retry={() => failed.forEach((one) => void one.refetch())} />
  if (!log.data || !present.data) return <Loading />
  const minutes = MINUTES.find((one) => String(one) === chosen) ?? DEFAULT_MINUTES
  const end = endOf(asOf, log.data.items, now)
  const from = end - minutes * 60_000
  const changes = log.data.items.filter(({ at }) => Date.parse(at) >= from)
  const oldest = log.data.next_page_token === undefined ? undefined : log.data.items.at(-1)?.at
  const knownFrom = oldest === undefined ? from : Date.parse(oldest)
  const rows = rowsOf(log.data.items, present.data.items, { from, to: end, knownFrom })
  const isCut = knownFrom > from
  const windows = (
    <div className="segments" role="group" aria-label={text.window}>
      {MINUTES.map((one) => (
        <button
          key={one}
          type="button"
          aria-pressed={one === minutes}
          onClick={() => void navigate({ search: (before) => ({ ...before, window: String(one) }), replace: true })}
        >
          {one < 60 ? time.minutes(one) : time.hours(one / 60)}
        </button>
      ))}
    </div>
  )
  return (
    <div className="stack">
      <Panel title={text.strip} actions={windows}>
        {rows.length === 0 ? (
          <p className="muted">{text.noInstances}</p>
        ) : (
          <>
            <Strip rows={rows} marks={changes.filter(isAsked)} from={from} to={end} />
            <p className="muted small note">{isCut ? text.partial(CHANGES) : text.stripHint}</p>
          </>
        )}
      </Panel>
      <Panel title={text.changes}>
        {changes.length === 0 ? <p className="muted">{none}</p> : <ChangeList key={`${minutes} ${asOf}`} changes={changes} hasSubject={false} />}
      </Panel>
    </div>
  )
}

/** Whether somebody asked for a change, rather than time or a heartbeat. */
const isAsked = ({ actor }: Change) => actor !== 'merak'

function endOf(asOf: string | undefined, changes: Change[], now: number): number {
  if (asOf === undefined) return now
  const moment = parseMoment(asOf)
  if (moment?.is === 'time') return moment.at.getTime()
  const [newest] = changes
  return newest ? Date.parse(newest.at) : now
}

/** Each instance that was there at some time, with its stretches. */
function rowsOf(changes: Change[], present: Instance[], axis: Axis) {
  const grouped = byInstance(changes)
  const known = new Map<string, { now: Instance | null; name: string }>()
  for (const one of present) known.set(one.id, { now: one, name: endpoint(one) })
  for (const change of changes) {
    const one = instanceOf(change)
    if (one && !known.has(one.id)) known.set(one.id, { now: null, name: endpoint(one) })
  }
  const rows = [...known].map(([id, { now, name }]) => ({ id, name, stretches: stretches(grouped.get(id) ?? [], now, axis) }))
  return rows.filter((row) => row.stretches.some(({ state }) => state !== 'absent' && state !== 'unknown')).slice(0, STRIPS)
}
