import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, Outlet } from '@tanstack/react-router'
import { useState } from 'react'
import type { ServiceSummary } from '../api/client'
import { useText } from '../i18n/use-text'
import { ServiceDialog } from '../services/service-dialog'
import { useScope } from '../shell/scope'
import { serviceText } from '../simulator/call'
import { Ago } from '../time/time'
import { Button } from '../ui/button'
import { Copy } from '../ui/copy'
import { HealthBar } from '../ui/health'
import { Icon } from '../ui/icon'
import { Links } from '../ui/links'
import { MetadataChips } from '../ui/metadata'
import { Page } from '../ui/page'
import { Failed, Loading } from '../ui/states'
import { DeleteService } from './delete-service'
import { serviceQuery } from './queries'

const route = getRouteApi('/services/$namespace/$service')

const TABS = [
  ['/services/$namespace/$service', 'instances'],
  ['/services/$namespace/$service/subscribers', 'subscribers'],
  ['/services/$namespace/$service/rules', 'rules'],
  ['/services/$namespace/$service/timeline', 'timeline'],
  ['/services/$namespace/$service/json', 'json'],
] as const

export function ServicePage() {
  const text = useText()
  const params = route.useParams()
  const { namespace, service } = params
  const { asOf } = useScope()
  const { data, error, isPending, refetch } = useQuery(serviceQuery(namespace, service, asOf))
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null)
  const context = (
    <>
      <Link to="/services">{text.services.title}</Link>
      <span>/</span>
      <Link to="/services" search={{ ns: namespace }}>
        {namespace}
      </Link>
    </>
  )
  const actions = data && (
    <>
      <Link to="/simulator" search={{ to: serviceText(namespace, service) }} className="button">
        <Icon name="simulator" size={14} />
        {text.simulator.simulate}
      </Link>
      {asOf === undefined && (
        <>
          <Button onClick={() => setOpen('edit')}>{text.actions.edit}</Button>
          <Button onClick={() => setOpen('delete')}>{text.actions.delete}</Button>
        </>
      )}
    </>
  )
  return (
    <Page title={service} context={context} beside={data && <Beside service={data} />} actions={actions}>
      {error && !data && <Failed error={error} retry={() => void refetch()} />}
      {isPending && <Loading />}
      {data && (
        <>
          <Facts service={data} />
          <Links className="tabs" label={text.service.tabs}>
            {TABS.map(([to, tab], index) => (
              <Link key={to} to={to} params={params} activeOptions={{ exact: index === 0, includeSearch: false }}>
                {text.service[tab]}
              </Link>
            ))}
          </Links>
          <Outlet />
        </>
      )}
      {open === 'edit' && data && <ServiceDialog service={data} onClose={() => setOpen(null)} />}
      {open === 'delete' && data && <DeleteService service={data} onClose={() => setOpen(null)} />}
    </Page>
  )
}

function Beside({ service }: { service: ServiceSummary }) {
  const { instance_count: total, healthy_instance_count: healthy = 0 } = service
  return (
    <>
      <Copy text={service.name} />
      {total !== undefined && <HealthBar healthy={healthy} total={total} />}
    </>
  )
}

/** What people said of a service, in one line that wraps. */
function Facts({ service }: { service: ServiceSummary }) {
  const { services: text, service: words } = useText()
  const facts: [string, React.ReactNode][] = [
    [text.comment, service.comment],
    [text.owners, service.owners],
    [text.department, service.department],
    [text.business, service.business],
    [text.ports, service.ports.join(', ')],
    [text.exportTo, service.export_to.join(', ')],
    [text.protect, service.protect_threshold > 0 && service.protect_threshold],
    [text.isolated, service.isolated_instance_count],
    [text.metadata, Object.keys(service.metadata).length > 0 && <MetadataChips key="m" metadata={service.metadata} />],
    [text.changed, <Ago key="a" at={service.modified_at} />],
    [words.revision, service.revision],
  ]
  return (
    <dl className="facts">
      {facts
        .filter(([, value]) => Boolean(value))
        .map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd className="num">{value}</dd>
          </div>
        ))}
    </dl>
  )
}
