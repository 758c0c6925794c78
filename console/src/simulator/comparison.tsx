import type { Dictionary } from '../i18n/en'
import { useText } from '../i18n/use-text'
import { type Column, Table } from '../ui/table'
import { type Explanation, sharesOf } from './explanation'
import { percent } from './reason'
import { DRAWS } from './use-simulation'

interface Row {
  id: string
  address: string
  live: number
  draft: number
  drawnLive: number
  drawnDraft: number
}

/** What each instance would get more or less of. */
function rowsOf(live: Explanation, draft: Explanation): Row[] {
  const rows = new Map<string, Row>()
  for (const { id, address, expected, drawn } of sharesOf(live)) {
    rows.set(id, { id, address, live: expected, drawnLive: drawn, draft: 0, drawnDraft: 0 })
  }
  for (const { id, address, expected, drawn } of sharesOf(draft)) {
    const row = rows.get(id) ?? { id, address, live: 0, drawnLive: 0 }
    rows.set(id, { ...row, draft: expected, drawnDraft: drawn })
  }
  return [...rows.values()].toSorted((a, b) => Math.abs(b.draft - b.live) - Math.abs(a.draft - a.live) || a.id.localeCompare(b.id))
}

const LEAST = 0.000_05

/** What a draft changes for the call. */
export function Comparison({ live, draft }: { live: Explanation; draft: Explanation }) {
  const words = useText()
  const { simulator: text } = words
  const rows = rowsOf(live, draft)
  const changed = rows.filter((row) => Math.abs(row.draft - row.live) > LEAST).length
  const isOther = live.verdict !== draft.verdict || live.decided_by !== draft.decided_by
  if (!isOther && changed === 0) return <p className="note-box">{text.draftSame}</p>
  return (
    <div className="stack">
      <p className="note-box">
        {live.verdict === draft.verdict ? text.draftMoves(changed) : text.draftTurns(text.verdicts[live.verdict], text.verdicts[draft.verdict])}
      </p>
      {rows.length > 0 && <Table label={text.compare} rows={rows} columns={columnsOf(words)} rowKey={({ id }) => id} />}
    </div>
  )
}

function columnsOf({ simulator: text, instances }: Dictionary): Column<Row>[] {
  return [
    { id: 'instance', header: instances.endpoint, width: '156px', cell: ({ id, address }) => <span className="mono" title={id}>{address}</span> },
    { id: 'live', header: text.live, width: '72px', align: 'end', cell: (row) => <span className="num">{percent(row.live)}</span> },
    { id: 'draft', header: text.withDraft, width: '96px', align: 'end', cell: (row) => <span className="num">{percent(row.draft)}</span> },
    { id: 'delta', header: text.difference, width: '72px', align: 'end', cell: (row) => <Delta by={row.draft - row.live} /> },
    {
      id: 'drawn',
      header: text.drawn(DRAWS),
      width: '112px',
      align: 'end',
      isMinor: true,
      cell: (row) => <span className="num">{`${row.drawnLive} → ${row.drawnDraft}`}</span>,
    },
    {
      id: 'bars',
      header: text.liveOverDraft,
      isMinor: true,
      cell: (row) => (
        <span className="share-bars" aria-hidden="true">
          <span className="share-drawn" style={{ width: `${100 * row.live}%` }} />
          <span className="share-draft" style={{ width: `${100 * row.draft}%` }} />
        </span>
      ),
    },
  ]
}

function Delta({ by }: { by: number }) {
  const points = Math.round(1_000 * by) / 10
  const look = points > 0 ? 'text-good' : points < 0 ? 'text-bad' : 'muted'
  return <span className={`num ${look}`}>{`${points > 0 ? '+' : ''}${points}`.replace('-', '−')}</span>
}
