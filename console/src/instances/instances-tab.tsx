import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import type { Instance, InstanceSort } from '../api/client'
import { serviceChangesQuery } from '../changes/queries'
import { useText } from '../i18n/use-text'
import { Pages } from '../search/pages'
import { SearchField } from '../search/search-field'
import { parseSearch } from '../search/tokens'
import { serviceQuery } from '../service/queries'
import { useScope } from '../shell/scope'
import { healthSince } from '../timeline/history'
import { Button } from '../ui/button'
import { ExportMenu } from '../ui/export-menu'
import { Empty, Failed, Loading } from '../ui/states'
import { knownSort } from '../ui/sorting'
import { Table } from '../ui/table'
import { BulkDialog } from './bulk-dialog'
import { INSTANCE_SORTS, useColumns } from './columns'
import { INSTANCE_TOKENS, instancesFilter, instancesPath, instancesQuery } from './queries'
import { MetadataDialog } from './metadata-dialog'
import { RegisterDialog } from './register-dialog'
import { useInstanceWrites } from './writes'

const route = getRouteApi('/services/$namespace/$service/')
const PAGE_SIZE = 200
/** By their addresses: the ids that the server sorts by are made up. */
const DEFAULT_SORT = 'host' satisfies InstanceSort
const EXAMPLE = 'health:unhealthy version:v2* metadata.env:prod'

export function InstancesTab() {
  const { instances: text } = useText()
  const { namespace, service } = route.useParams()
  const { q = '', sort } = route.useSearch()
  const { asOf } = useScope()
  const navigate = route.useNavigate()
  const [open, setOpen] = useState<'bulk' | 'register' | null>(null)
  // As it was when it was opened: its row may change, or leave the list, while one types.
  const [labelled, setLabelled] = useState<Instance | null>(null)
  const { label } = useInstanceWrites()
  const search = useCallback(
    (next: string) => void navigate({ search: (now) => ({ ...now, q: next || undefined, page: undefined }), replace: true }),
    [navigate],
  )
  const parsed = parseSearch(q, INSTANCE_TOKENS, 'ip')
  const close = () => setOpen(null)
  return (
    <>
      <div className="tools">
        <SearchField value={q} onSearch={search} grammar={INSTANCE_TOKENS} wordIs="ip" example={EXAMPLE} />
        {parsed.faults.length === 0 && <ExportMenu path={instancesPath(namespace, service)} query={{ ...instancesFilter(parsed), as_of: asOf, sort: sort ?? DEFAULT_SORT }} />}
        {asOf === undefined && (
          <>
            <Button onClick={() => setOpen('bulk')} disabled={parsed.faults.length > 0}>
              {text.bulk}
            </Button>
            <Button kind="primary" icon="plus" onClick={() => setOpen('register')}>
              {text.register}
            </Button>
          </>
        )}
      </div>
      {parsed.faults.length === 0 && <Instances q={q} clear={() => search('')} onLabel={setLabelled} />}
      {open === 'bulk' && <BulkDialog namespace={namespace} service={service} q={q} onClose={close} />}
      {open === 'register' && <RegisterDialog namespace={namespace} service={service} onClose={close} />}
      {labelled && (
        <MetadataDialog
          shown={labelled}
          onSave={(metadata) => label(labelled, metadata)}
          onClose={() => setLabelled(null)}
        />
      )}
    </>
  )
}

function Instances({ q, clear, onLabel }: { q: string; clear: () => void; onLabel: (instance: Instance) => void }) {
  const { instances: text, services, states } = useText()
  const { namespace, service } = route.useParams()
  const search = route.useSearch()
  const { page } = search
  const { asOf } = useScope()
  const navigate = route.useNavigate()
  const filter = instancesFilter(parseSearch(q, INSTANCE_TOKENS, 'ip'))
  const sort = knownSort(INSTANCE_SORTS, search.sort) ?? DEFAULT_SORT
  const summary = useQuery(serviceQuery(namespace, service, asOf))
  const query = { ...filter, as_of: asOf, sort: sort as InstanceSort | undefined, page_size: PAGE_SIZE, page_token: page }
  const { data, error, isPlaceholderData, refetch } = useQuery(instancesQuery(namespace, service, query))
  const log = useQuery(serviceChangesQuery(namespace, service, { kind: 'instance', page_size: 500 }))
  const isNow = asOf === undefined
  const since = isNow ? healthSince(data?.items ?? [], log.data?.items ?? []) : new Map<string, never>()
  const columns = useColumns(since, isNow ? onLabel : undefined)
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />
  if (!data) return <Loading />
  if (data.items.length === 0 && q) {
    return (
      <Empty title={states.nothingMatches} hint={states.nothingMatchesHint}>
        <Button onClick={clear}>{states.clear}</Button>
      </Empty>
    )
  }
  if (data.items.length === 0) {
    return <Empty title={text.emptyTitle} hint={isNow ? text.emptyHint : text.emptyThen} />
  }
  return (
    <>
      <Table
        label={services.instances}
        hasCards
        of={`${q} ${page} ${asOf} ${sort}`}
        isStale={isPlaceholderData}
        rows={data.items}
        columns={columns}
        rowKey={({ id }) => id}
        rowClass={({ isolated }) => (isolated ? 'row-quiet' : '')}
        sort={sort}
        onSort={(next) => void navigate({ search: (now) => ({ ...now, sort: next, page: undefined }), replace: true })}
      />
      <Pages
        rows={data.items.length}
        total={q === '' ? summary.data?.instance_count : undefined}
        page={page}
        next={data.next_page_token}
      />
    </>
  )
}
