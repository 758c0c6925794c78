import { Link } from '@tanstack/react-router'
import { useId } from 'react'
import type { Dictionary } from '../i18n/en'
import { number } from '../i18n/number'
import { useText } from '../i18n/use-text'
import { type Column, Table } from '../ui/table'
import { lengthText } from './limit'
import type { AmountUse, CountingClient, Counter } from './usage-query'

interface Props {
  counter: Counter
  /** What the values are of, in their order. */
  facts: string[]
}

/** A counter of a limit: how much of it is used up, and by whom. */
export function CounterUse({ counter, facts }: Props) {
  const text = useText()
  const { usage: words } = text.limits
  const { callee, values, amounts, admitted, refused, clients, client_count: count } = counter
  const id = useId()
  const name = values.length > 0 ? values.join(' · ') : words.everyCall
  return (
    <li className="counter">
      <section className="stack stack-tight" aria-labelledby={id}>
        <header className="row wrap counter-head">
          <h2 id={id}>{name}</h2>
          {values.length > 0 && <span className="muted small">{facts.join(' · ')}</span>}
          <Link className="small" to="/services/$namespace/$service" params={{ namespace: callee.namespace, service: callee.name }}>
            {`${callee.namespace} / ${callee.name}`}
          </Link>
        </header>
        <div className="counter-told">
          <div className="stack stack-tight">
            {amounts.map((amount) => (
              <Meter key={amount.window_ms} amount={amount} />
            ))}
          </div>
          <dl className="facts counter-facts num">
            <div>
              <dt>{words.admitted}</dt>
              <dd>{number(admitted)}</dd>
            </div>
            <div>
              <dt>{words.refused}</dt>
              <dd className={refused > 0 ? 'text-bad' : undefined}>{number(refused)}</dd>
            </div>
          </dl>
        </div>
        {clients.length === 0 ? (
          <p className="muted small">{words.noClients}</p>
        ) : (
          <Table label={words.clientsOf(name, callee.name)} rows={clients} columns={columnsOf(text)} rowKey={clientKey} />
        )}
        {clients.length < count && <p className="muted small num">{words.moreClients(count - clients.length)}</p>}
      </section>
    </li>
  )
}

/** From this share on a limit is nearly used up. */
const NEARLY = 0.8

function Meter({ amount: { used, limit, window_ms: window } }: { amount: AmountUse }) {
  const text = useText()
  const words = text.limits.usage
  const share = limit === 0 ? 1 : Math.min(1, used / limit)
  const look = share >= 1 ? 'meter-full' : share >= NEARLY ? 'meter-nearly' : ''
  const said = words.usedOf(used, limit)
  const length = words.inWindow(lengthText(window, text))
  return (
    <div className="meter-row num">
      <span className="meter-said">
        <strong>{said}</strong> <span className="muted">{length}</span>
      </span>
      <div
        className={`meter ${look}`}
        role="meter"
        aria-label={length}
        aria-valuemin={0}
        aria-valuemax={limit}
        aria-valuenow={Math.min(used, limit)}
        aria-valuetext={said}
      >
        <span style={{ width: `${100 * share}%` }} />
      </div>
    </div>
  )
}

const clientKey = ({ client }: CountingClient) => client.address

const count = (id: 'held' | 'demand' | 'used' | 'refused', header: string, isMinor = false): Column<CountingClient> => ({
  id,
  header,
  width: '96px',
  align: 'end',
  isMinor,
  cell: (row) => <span className="num">{number(row[id])}</span>,
})

function columnsOf({ limits: { usage: words }, subscribers }: Dictionary): Column<CountingClient>[] {
  return [
    {
      id: 'client',
      header: words.client,
      cell: ({ client: { service: one, host, address } }) => (
        <span title={address}>
          {host || address} <span className="muted">{one ? `${one.namespace} / ${one.name}` : subscribers.anonymous}</span>
        </span>
      ),
    },
    { id: 'address', header: subscribers.address, width: '170px', isMinor: true, cell: ({ client }) => <span className="mono">{client.address}</span> },
    count('used', words.used, true),
    count('held', words.held),
    count('demand', words.demand),
    count('refused', words.refusedSince, true),
  ]
}
