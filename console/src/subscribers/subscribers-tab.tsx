import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { Subscriber } from '../api/client'
import type { Dictionary } from '../i18n/en'
import { useText } from '../i18n/use-text'
import { Pages } from '../search/pages'
import { useScope } from '../shell/scope'
import { Ago } from '../time/time'
import { MetadataChips } from '../ui/metadata'
import { Empty, Failed, Loading } from '../ui/states'
import { type Column, Table } from '../ui/table'
import { subscribersQuery } from './queries'

const route = getRouteApi('/services/$namespace/$service/subscribers')
/** Subscribing and applying are no changes of the log, so they are read again and again. */
const REFRESH_MS = 2_000

/** Who watches a service, and how far each is. */
export function SubscribersTab() {
  const text = useText()
  const { subscribers: words } = text
  const { namespace, service } = route.useParams()
  const { page } = route.useSearch()
  const { asOf } = useScope()
  const { data, error, isPlaceholderData, refetch } = useQuery({
    ...subscribersQuery(namespace, service, page),
    refetchInterval: REFRESH_MS,
  })
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />
  if (!data) return <Loading />
  const { items } = data
  const current = items.filter((one) => one.is_current).length
  return (
    <>
      {asOf !== undefined && <p className="muted note">{words.nowOnly}</p>}
      {items.length === 0 ? (
        <Empty title={words.emptyTitle} hint={words.emptyHint} />
      ) : (
        <>
          <p className="muted note num">{words.summary(current, items.length)}</p>
          <Table label={text.service.subscribers} of={page ?? ''} isStale={isPlaceholderData} rows={items} columns={columnsOf(text)} rowKey={keyOf} />
          <Pages
            rows={items.length}
            page={page}
            next={data.next_page_token}
          />
        </>
      )}
    </>
  )
}

const keyOf = ({ client, subscribed_at: at }: Subscriber) => `${client.address} ${at}`

function columnsOf({ subscribers: text }: Dictionary): Column<Subscriber>[] {
  return [
    {
      id: 'client',
      header: text.client,
      cell: ({ client: { service: one } }) =>
        one ? (
          <Link to="/services/$namespace/$service" params={{ namespace: one.namespace, service: one.name }}>
            {`${one.namespace} / ${one.name}`}
          </Link>
        ) : (
          <span className="muted">{text.anonymous}</span>
        ),
    },
    {
      id: 'state',
      header: text.state,
      width: '110px',
      cell: (row) => (
        <span className={row.is_current ? 'badge badge-healthy' : 'badge badge-warn'}>
          {row.is_current ? text.current : text.behind}
        </span>
      ),
    },
    { id: 'applied', header: text.applied, width: '130px', align: 'end', isMinor: true, cell: (row) => <span className="num">{row.applied_revision}</span> },
    { id: 'address', header: text.address, width: '170px', isMinor: true, cell: ({ client }) => <span className="mono">{client.address}</span> },
    { id: 'sdk', header: text.sdk, width: '160px', isMinor: true, cell: ({ client }) => `${client.sdk} ${client.sdk_version}` },
    { id: 'labels', header: text.labels, isMinor: true, cell: ({ client }) => <MetadataChips metadata={client.labels} /> },
    { id: 'subscribed', header: text.subscribed, width: '110px', align: 'end', isMinor: true, cell: (row) => <Ago at={row.subscribed_at} /> },
  ]
}
