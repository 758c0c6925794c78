import { type UseQueryResult, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Change, ServiceSummary } from '../api/client'
import { newestChangesQuery } from '../changes/queries'
import { useText } from '../i18n/use-text'
import { servicesQuery } from '../services/queries'
import { useScope } from '../shell/scope'
import { duration } from '../time/format'
import { Ago, useNow } from '../time/time'
import { HealthBar } from '../ui/health'
import { Icon } from '../ui/icon'
import { Panel } from '../ui/page'
import { Failed, Loading } from '../ui/states'
import { RuleRow, useRuleTroubles } from './rule-rows'

const HOUR_MS = 3_600_000
const SHOWN = 50

/** What an operator should look at: unhealthy and isolated instances, events of the last hour, doubtful rules. */
export function Attention() {
  const { overview: text } = useText()
  const { namespace } = useScope()
  const unhealthy = useQuery(servicesQuery({ namespace, health: 'unhealthy', page_size: SHOWN }))
  const isolated = useQuery(servicesQuery({ namespace, isolated: true, page_size: SHOWN }))
  const log = useQuery(newestChangesQuery({ namespace, kind: 'event', page_size: SHOWN }))
  const now = useNow()
  const events = log.data?.items.filter(({ at }) => now - Date.parse(at) < HOUR_MS) ?? []
  const { troubled, queries } = useRuleTroubles(namespace)
  const asked: UseQueryResult<unknown>[] = [unhealthy, isolated, log, ...queries]
  const failed = asked.filter(({ error, data }) => error && data === undefined)
  // What is shown until the answer comes may be of another namespace.
  const isKnown = asked.every(({ data, isPlaceholderData }) => data !== undefined && !isPlaceholderData)
  const rows = [
    ...(unhealthy.data?.items ?? []).map((one) => <Unhealthy key={`u ${one.namespace} ${one.name}`} service={one} />),
    ...events.map((one) => <EventRow key={one.revision} change={one} />),
    ...(isolated.data?.items ?? []).map((one) => <Isolated key={`i ${one.namespace} ${one.name}`} service={one} />),
    ...troubled.map((one) => <RuleRow key={`r ${one.kind} ${one.namespace} ${one.name}`} rule={one} />),
  ]
  const retry = () => {
    for (const one of failed) void one.refetch()
  }
  return (
    <Panel title={text.attention}>
      {failed[0] && <Failed error={failed[0].error} retry={retry} />}
      {failed.length === 0 && !isKnown && rows.length === 0 && <Loading rows={3} />}
      {isKnown && rows.length === 0 && (
        <div className="calm">
          <Icon name="check" size={20} />
          <p className="empty-title">{text.calm}</p>
          <p className="muted">{text.calmHint}</p>
        </div>
      )}
      {rows.length > 0 && <ul className="attention">{rows}</ul>}
    </Panel>
  )
}

function Name({ namespace, name, q }: { namespace: string; name: string; q?: string }) {
  return (
    <span className="attention-name">
      <Link to="/services/$namespace/$service" params={{ namespace, service: name }} search={q ? { q } : {}}>
        {name}
      </Link>
      <span className="muted small clip">{namespace}</span>
    </span>
  )
}

function Unhealthy({ service }: { service: ServiceSummary }) {
  const { overview: text } = useText()
  const { instance_count: total = 0, healthy_instance_count: healthy = 0 } = service
  return (
    <li>
      <span className="gravity gravity-bad" aria-hidden="true" />
      <Name namespace={service.namespace} name={service.name} q="health:unhealthy" />
      <span className="text-bad grow">{text.unhealthyOf(total - healthy, total)}</span>
      <span className="wide-only" aria-hidden="true">
        <HealthBar healthy={healthy} total={total} />
      </span>
    </li>
  )
}

function Isolated({ service }: { service: ServiceSummary }) {
  const { overview: text } = useText()
  return (
    <li>
      <span className="gravity gravity-warn" aria-hidden="true" />
      <Name namespace={service.namespace} name={service.name} q="isolated:true" />
      <span className="text-warn grow">{text.isolatedOf(service.isolated_instance_count ?? 0)}</span>
    </li>
  )
}

function EventRow({ change }: { change: Change }) {
  const { overview: text, time } = useText()
  const event = change.after && 'type' in change.after ? change.after : null
  if (!event) return null
  return (
    <li>
      <span className="gravity gravity-warn" aria-hidden="true" />
      <Name namespace={change.namespace} name={change.service ?? ''} />
      <span className="text-warn grow">
        {event.type === 'flapping' ? text.flapped(event.losses, duration(event.window_seconds * 1_000, time)) : text.held(event.disconnected, event.healthy)}
      </span>
      <span className="muted small">
        <Ago at={change.at} />
      </span>
    </li>
  )
}
