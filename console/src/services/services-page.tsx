import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useCallback } from 'react'
import type { ServiceSort, ServiceSummary } from '../api/client'
import type { Dictionary } from '../i18n/en'
import { useText } from '../i18n/use-text'
import { allNamespacesQuery } from '../namespaces/queries'
import { countsOf } from '../overview/counts'
import { Pages } from '../search/pages'
import { SearchField } from '../search/search-field'
import { parseSearch } from '../search/tokens'
import { useScope } from '../shell/scope'
import { Ago } from '../time/time'
import { Button } from '../ui/button'
import { ExportMenu } from '../ui/export-menu'
import { HealthBar } from '../ui/health'
import { Page } from '../ui/page'
import { Empty, Failed, Loading } from '../ui/states'
import { knownSort } from '../ui/sorting'
import { type Column, Table } from '../ui/table'
import { MetadataChips } from '../ui/metadata'
import { PastNamespaces } from './past-namespaces'
import { PAST_TOKENS, pastServicesQuery, SERVICE_TOKENS, servicesFilter, servicesQuery } from './queries'
import { ServiceDialog } from './service-dialog'

const route = getRouteApi('/services')
const PAGE_SIZE = 100
const EXAMPLE = 'health:unhealthy ip:10.0.* metadata.env:prod'

export function ServicesPage() {
  const text = useText()
  const { q = '', sort, create } = route.useSearch()
  const { namespace, asOf } = useScope()
  const navigate = route.useNavigate()
  const search = useCallback(
    (next: string) => void navigate({ search: (now) => ({ ...now, q: next || undefined, page: undefined }), replace: true }),
    [navigate],
  )
  const setCreate = (isOpen: boolean) =>
    void navigate({ search: (now) => ({ ...now, create: isOpen ? 'yes' : undefined }), replace: true })
  const isNow = asOf === undefined
  const parsed = parseSearch(q, SERVICE_TOKENS)
  const actions = isNow && (
    <>
      {parsed.faults.length === 0 && <ExportMenu path="/api/v1/services" query={{ ...servicesFilter(parsed), namespace, sort }} />}
      <Button kind="primary" icon="plus" onClick={() => setCreate(true)}>
        {text.services.create}
      </Button>
    </>
  )
  return (
    <Page title={text.services.title} actions={actions}>
      <div className="tools">
        <SearchField value={q} onSearch={search} grammar={isNow ? SERVICE_TOKENS : PAST_TOKENS} example={EXAMPLE} />
      </div>
      {!isNow && namespace === undefined ? <PastNamespaces /> : <Services q={q} clear={() => search('')} />}
      {isNow && create !== undefined && <ServiceDialog namespace={namespace} onClose={() => setCreate(false)} />}
    </Page>
  )
}

function Services({ q, clear }: { q: string; clear: () => void }) {
  const text = useText()
  const search = route.useSearch()
  const { page } = search
  const { namespace, asOf } = useScope()
  const navigate = route.useNavigate()
  const parsed = parseSearch(q, asOf === undefined ? SERVICE_TOKENS : PAST_TOKENS)
  const columns = columnsOf(text, namespace === undefined, asOf === undefined)
  const sort = knownSort(columns, search.sort)
  const filter = { ...servicesFilter(parsed), sort: sort as ServiceSort | undefined, page_size: PAGE_SIZE, page_token: page }
  const query = asOf === undefined ? servicesQuery({ ...filter, namespace }) : pastServicesQuery(namespace ?? '', asOf, filter)
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery({ ...query, enabled: parsed.faults.length === 0 })
  const all = useQuery({ ...allNamespacesQuery, enabled: asOf === undefined && q === '' })
  const counted = all.data?.filter(({ name }) => namespace === undefined || name === namespace)
  const total = asOf === undefined && q === '' && counted ? countsOf(counted).services : undefined
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />
  if (isPending) return parsed.faults.length > 0 ? null : <Loading />
  if (data.items.length === 0 && q) {
    return (
      <Empty title={text.states.nothingMatches} hint={text.states.nothingMatchesHint}>
        <Button onClick={clear}>{text.states.clear}</Button>
      </Empty>
    )
  }
  if (data.items.length === 0) return <Empty title={text.services.emptyTitle} hint={text.services.emptyHint} />
  return (
    <>
      <Table
        label={text.services.title}
        of={`${namespace} ${q} ${page} ${asOf} ${sort}`}
        isStale={isPlaceholderData}
        rows={data.items}
        columns={columns}
        rowKey={({ namespace: ns, name }) => `${ns} ${name}`}
        sort={sort}
        onSort={(next) => void navigate({ search: (now) => ({ ...now, sort: next, page: undefined }), replace: true })}
      />
      <Pages
        rows={data.items.length}
        total={total}
        page={page}
        next={data.next_page_token}
      />
    </>
  )
}

function columnsOf({ services: text }: Dictionary, hasNamespace: boolean, hasCounts: boolean): Column<ServiceSummary>[] {
  const name: Column<ServiceSummary> = {
    id: 'name',
    header: text.name,
    sort: 'name',
    cell: (row) => (
      <Link to="/services/$namespace/$service" params={{ namespace: row.namespace, service: row.name }} className="clip">
        {row.name}
      </Link>
    ),
  }
  const namespace: Column<ServiceSummary> = {
    id: 'namespace',
    header: text.namespace,
    sort: 'namespace',
    width: '150px',
    isMinor: true,
    cell: (row) => <span className="muted">{row.namespace}</span>,
  }
  const counts: Column<ServiceSummary>[] = [
    {
      id: 'health',
      header: text.health,
      sort: '-unhealthy_instance_count',
      width: '150px',
      cell: (row) => <HealthBar healthy={row.healthy_instance_count ?? 0} total={row.instance_count ?? 0} />,
    },
    {
      id: 'isolated',
      header: text.isolated,
      sort: '-isolated_instance_count',
      width: '84px',
      align: 'end',
      isMinor: true,
      cell: ({ isolated_instance_count: count = 0 }) => <span className={count > 0 ? 'num text-warn' : 'num muted'}>{count}</span>,
    },
  ]
  return [
    name,
    ...(hasNamespace ? [namespace] : []),
    ...(hasCounts ? counts : []),
    { id: 'owners', header: text.owners, sort: 'owners', width: '150px', isMinor: true, cell: (row) => row.owners },
    { id: 'metadata', header: text.metadata, width: '22%', isMinor: true, cell: (row) => <MetadataChips metadata={row.metadata} /> },
    { id: 'changed', header: text.changed, sort: '-modified_at', width: '110px', align: 'end', isMinor: true, cell: (row) => <Ago at={row.modified_at} /> },
  ]
}
