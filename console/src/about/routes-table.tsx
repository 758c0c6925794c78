import type { Dictionary } from '../i18n/en'
import { number } from '../i18n/number'
import { useText } from '../i18n/use-text'
import { type Column, Table } from '../ui/table'
import type { Route } from './metrics'

/** The requests of each operation since the control plane started. */
export function Routes({ routes }: { routes: Route[] }) {
  const { about: text } = useText()
  return <Table label={text.routes} rows={routes} columns={columnsOf(text)} rowKey={({ method, route }) => `${method} ${route}`} />
}

function columnsOf(text: Dictionary['about']): Column<Route>[] {
  return [
    {
      id: 'route',
      header: text.route,
      cell: ({ method, route }) => (
        <span className="mono" title={route}>
          <span className="muted">{method}</span> {route === 'none' ? text.otherPaths : route}
        </span>
      ),
    },
    { id: 'count', header: text.count, width: '100px', align: 'end', cell: (row) => <span className="num">{number(row.requests)}</span> },
    {
      id: 'errors',
      header: text.errors,
      width: '80px',
      align: 'end',
      isMinor: true,
      cell: (row) => <span className={row.errors > 0 ? 'num text-bad' : 'num muted'}>{row.errors}</span>,
    },
    {
      id: 'mean',
      header: text.mean,
      width: '100px',
      align: 'end',
      isMinor: true,
      cell: (row) => <span className="num">{`${((1_000 * row.seconds) / row.requests).toFixed(2)} ms`}</span>,
    },
  ]
}
