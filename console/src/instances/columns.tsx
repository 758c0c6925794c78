import type { Instance } from '../api/client'
import { endpoint } from '../changes/summary'
import { useText } from '../i18n/use-text'
import { duration } from '../time/format'
import { useSaid } from '../time/time'
import type { HealthSince } from '../timeline/history'
import { HealthBadge, IsolatedBadge } from '../ui/health'
import { MetadataChips } from '../ui/metadata'
import type { Column } from '../ui/table'
import { RowActions } from './row-actions'
import { WeightCell } from './weight-cell'
import { useInstanceWrites } from './writes'

/** What each column sorts by, if it does. */
const SORTS = { endpoint: 'host', health: '-health', weight: '-weight', version: 'version', zone: 'zone' } as const

export const INSTANCE_SORTS = Object.values(SORTS).map((sort) => ({ sort }))

/** The columns of a list of instances; those that change something only where `onLabel` can, which edits metadata. */
export function useColumns(since: Map<string, HealthSince>, onLabel: ((instance: Instance) => void) | undefined): Column<Instance>[] {
  const { instances: text } = useText()
  const writes = useInstanceWrites()
  const weight: Column<Instance>['cell'] = (row) =>
    onLabel ? (
      <WeightCell instance={row} onWeigh={writes.weigh} />
    ) : (
      <span className="num">{row.weight}</span>
    )
  const actions: Column<Instance>[] = onLabel
    ? [
        {
          id: 'actions',
          header: text.actions,
          width: '118px',
          align: 'end',
          cell: (row) => <RowActions instance={row} writes={writes} onLabel={onLabel} />,
        },
      ]
    : []
  return [
    { id: 'endpoint', header: text.endpoint, sort: SORTS.endpoint, width: '180px', cell: (row) => <span className="mono" title={row.id}>{endpoint(row)}</span> },
    {
      id: 'health',
      header: text.health,
      sort: SORTS.health,
      width: '250px',
      cell: (row) => (
        <span className="row">
          <HealthBadge health={row.health} />
          {row.isolated && <IsolatedBadge />}
          <Since since={since.get(row.id)} />
        </span>
      ),
    },
    { id: 'weight', header: text.weight, sort: SORTS.weight, width: '84px', align: 'end', cell: weight },
    { id: 'version', header: text.version, sort: SORTS.version, width: '84px', isMinor: true, cell: (row) => row.version },
    { id: 'zone', header: text.zone, sort: SORTS.zone, width: '76px', isMinor: true, cell: ({ location }) => location.zone ?? '' },
    { id: 'check', header: text.check, width: '112px', isMinor: true, cell: (row) => <Check check={row.health_check} /> },
    { id: 'metadata', header: text.metadata, isMinor: true, cell: (row) => <MetadataChips metadata={row.metadata} /> },
    ...actions,
  ]
}

function Since({ since }: { since: HealthSince | undefined }) {
  const { time } = useText()
  const said = useSaid((now) => {
    if (!since) return ''
    const length = duration(now - Date.parse(since.at), time)
    return since.isExact ? time.since(length) : time.atLeast(length)
  })
  return said && <span className="muted small num">{said}</span>
}

function Check({ check }: { check: Instance['health_check'] }) {
  const { instances: text } = useText()
  return <span className="muted">{check.type === 'heartbeat' ? text.heartbeat(check.ttl_seconds ?? 5) : text.static}</span>
}
