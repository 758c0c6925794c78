import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import type { Namespace } from '../api/client'
import { useText } from '../i18n/use-text'
import { Pages } from '../search/pages'
import { SearchField } from '../search/search-field'
import { anywhere, parseSearch } from '../search/tokens'
import { useScope } from '../shell/scope'
import { Ago } from '../time/time'
import { Button } from '../ui/button'
import { HealthBar } from '../ui/health'
import { Menu } from '../ui/menu'
import { MetadataChips } from '../ui/metadata'
import { Page } from '../ui/page'
import { Empty, Failed, Loading } from '../ui/states'
import { type Column, Table } from '../ui/table'
import { DeleteNamespace } from './delete-namespace'
import { NamespaceDialog } from './namespace-dialog'
import { namespacesQuery } from './queries'

const route = getRouteApi('/namespaces')
const TOKENS = { metadata: null }
const PAGE_SIZE = 100

type Open = { is: 'create' } | { is: 'edit' | 'delete'; namespace: Namespace }

export function NamespacesPage() {
  const { namespaces: text } = useText()
  const { q = '' } = route.useSearch()
  const { asOf } = useScope()
  const navigate = route.useNavigate()
  const [open, setOpen] = useState<Open | null>(null)
  const search = useCallback(
    (next: string) => void navigate({ search: (now) => ({ ...now, q: next || undefined, page: undefined }), replace: true }),
    [navigate],
  )
  const isNow = asOf === undefined
  const close = () => setOpen(null)
  const create = isNow && (
    <Button kind="primary" icon="plus" onClick={() => setOpen({ is: 'create' })}>
      {text.create}
    </Button>
  )
  return (
    <Page title={text.title} actions={create}>
      <div className="tools">
        <SearchField value={q} onSearch={search} grammar={TOKENS} example="metadata.team:platform" />
      </div>
      {!isNow && <p className="muted note">{text.nowOnly}</p>}
      <Namespaces q={q} clear={() => search('')} {...(isNow ? { onOpen: setOpen } : {})} />
      {open?.is === 'create' && <NamespaceDialog onClose={close} />}
      {open?.is === 'edit' && <NamespaceDialog namespace={open.namespace} onClose={close} />}
      {open?.is === 'delete' && <DeleteNamespace namespace={open.namespace} onClose={close} />}
    </Page>
  )
}

function Namespaces({ q, clear, onOpen }: { q: string; clear: () => void; onOpen?: (open: Open) => void }) {
  const { namespaces: text, states } = useText()
  const { page } = route.useSearch()
  const columns = useColumns(onOpen)
  const { word, metadata, faults } = parseSearch(q, TOKENS)
  const query = namespacesQuery({
    ...(word ? { name: anywhere(word) } : {}),
    ...(metadata.length > 0 ? { metadata } : {}),
    page_size: PAGE_SIZE,
    ...(page ? { page_token: page } : {}),
  })
  const { data, error, isPlaceholderData, refetch } = useQuery({ ...query, enabled: faults.length === 0 })
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />
  if (!data) return faults.length > 0 ? null : <Loading />
  if (data.items.length === 0 && q) {
    return (
      <Empty title={states.nothingMatches} hint={states.nothingMatchesHint}>
        <Button onClick={clear}>{states.clear}</Button>
      </Empty>
    )
  }
  if (data.items.length === 0) return <Empty title={text.emptyTitle} hint={text.emptyHint} />
  return (
    <>
      <Table label={text.title} of={`${q} ${page}`} isStale={isPlaceholderData} rows={data.items} columns={columns} rowKey={({ name }) => name} />
      <Pages
        rows={data.items.length}
        page={page}
        next={data.next_page_token}
      />
    </>
  )
}

function useColumns(onOpen: ((open: Open) => void) | undefined): Column<Namespace>[] {
  const { namespaces: text, services, actions, instances } = useText()
  const menu: Column<Namespace> = {
    id: 'actions',
    header: instances.actions,
    width: '76px',
    align: 'end',
    cell: (namespace) => (
      <span className="row row-end">
        <Menu
          label={instances.moreFor(namespace.name)}
          icon="more"
          items={[
            { label: actions.edit, run: () => onOpen?.({ is: 'edit', namespace }) },
            { label: actions.delete, isDanger: true, run: () => onOpen?.({ is: 'delete', namespace }) },
          ]}
        />
      </span>
    ),
  }
  return [
    {
      id: 'name',
      header: text.name,
      cell: ({ name }) => (
        <Link to="/services" search={{ ns: name }}>
          {name}
        </Link>
      ),
    },
    { id: 'services', header: text.services, width: '90px', align: 'end', isMinor: true, cell: (row) => <span className="num">{row.service_count}</span> },
    {
      id: 'health',
      header: text.health,
      width: '150px',
      cell: (row) => <HealthBar healthy={row.healthy_instance_count} total={row.instance_count} />,
    },
    {
      id: 'isolated',
      header: services.isolated,
      width: '84px',
      align: 'end',
      isMinor: true,
      cell: ({ isolated_instance_count: count }) => <span className={count > 0 ? 'num text-warn' : 'num muted'}>{count}</span>,
    },
    { id: 'comment', header: text.comment, isMinor: true, cell: (row) => <span className="muted">{row.comment}</span> },
    { id: 'metadata', header: services.metadata, width: '18%', isMinor: true, cell: (row) => <MetadataChips metadata={row.metadata} /> },
    { id: 'changed', header: services.changed, width: '110px', align: 'end', isMinor: true, cell: (row) => <Ago at={row.modified_at} /> },
    ...(onOpen ? [menu] : []),
  ]
}
