import { Link } from '@tanstack/react-router'
import type { Dictionary } from '../i18n/en'
import { useText } from '../i18n/use-text'
import { type Column, Table } from '../ui/table'
import type { Share } from './explanation'
import { percent } from './reason'

interface Props {
  shares: Share[]
  draws: number
  /** The names of the targets of the branch that decided. */
  targets: string[]
  service: { namespace: string; service: string }
  picked: string | undefined
}

/** What each instance gets of such calls: what is expected, and what so many draws gave. */
export function SharesTable(props: Props) {
  const words = useText()
  const { shares, picked } = props
  return (
    <Table
      label={words.simulator.candidates}
      rows={shares}
      columns={columnsOf(words, props)}
      rowKey={({ id }) => id}
      rowClass={({ id }) => (id === picked ? 'row-picked' : '')}
    />
  )
}

function columnsOf({ simulator: text, instances }: Dictionary, { shares, draws, targets, service, picked }: Props): Column<Share>[] {
  const most = Math.max(...shares.flatMap(({ expected, drawn }) => [expected, drawn / draws]), 0.000_1)
  const target: Column<Share> = {
    id: 'target',
    header: text.target,
    width: '84px',
    isMinor: true,
    cell: (share) => share.targets.map((index) => targets[index] ?? '').join(', '),
  }
  return [
    {
      id: 'instance',
      header: instances.endpoint,
      cell: ({ id, address }) => (
        <Link
          to="/services/$namespace/$service"
          params={service}
          search={{ q: `ip:${address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')}` }}
          className={id === picked ? 'mono picked' : 'mono'}
          title={id}
        >
          {address}
        </Link>
      ),
    },
    {
      id: 'version',
      header: `${instances.version} · ${instances.zone}`,
      width: '118px',
      isMinor: true,
      cell: ({ version, zone }) => [version, zone].filter(Boolean).join(' · '),
    },
    ...(targets.length > 1 ? [target] : []),
    { id: 'expected', header: text.expected, width: '76px', align: 'end', cell: ({ expected }) => <span className="num">{percent(expected)}</span> },
    { id: 'drawn', header: text.drawn(draws), width: '118px', align: 'end', cell: ({ drawn }) => <span className="num">{drawn}</span> },
    {
      id: 'bars',
      header: text.bars,
      width: '92px',
      isMinor: true,
      cell: ({ expected, drawn }) => (
        <span className="share-bars" aria-hidden="true">
          <span className="share-expected" style={{ width: `${(100 * expected) / most}%` }} />
          <span className="share-drawn" style={{ width: `${(100 * drawn) / draws / most}%` }} />
        </span>
      ),
    },
  ]
}
