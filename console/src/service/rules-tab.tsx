import { getRouteApi, Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useText } from '../i18n/use-text'
import { LIMIT } from '../limit/limit'
import { LimitSummary } from '../limit/summary'
import { NEARBY } from '../nearby/nearby'
import { NearbySummary } from '../nearby/summary'
import type { CommonSpec } from '../rule/noun'
import { isEnabled } from '../rule/noun'
import { type Touching, useServiceRules } from '../rule/use-service-rules'
import { ROUTING } from '../routing/routing'
import { RoutingSummary } from '../routing/summary'
import { useScope } from '../shell/scope'
import { serviceText } from '../simulator/call'
import { Icon } from '../ui/icon'
import { Empty, Failed, Loading } from '../ui/states'
import { ServiceRules } from './service-rules'

const route = getRouteApi('/services/$namespace/$service')

const isCalled = <Spec extends CommonSpec>({ roles }: Touching<Spec>) => roles.some((role) => role !== 'caller')
const isCaller = <Spec extends CommonSpec>({ roles }: Touching<Spec>) => roles.includes('caller')

/** The rules that are about a service, in the order in which they are tried. */
export function RulesTab() {
  const { serviceRules: text, routing: words } = useText()
  const { namespace, service } = route.useParams()
  const { asOf } = useScope()
  const routing = useServiceRules(ROUTING, { namespace, service })
  const nearby = useServiceRules(NEARBY, { namespace, service })
  const limits = useServiceRules(LIMIT, { namespace, service })
  const failed = [routing, nearby, limits].find(({ error }) => error !== undefined)
  if (failed) return <Failed error={failed.error} retry={failed.retry} />
  if (!routing.rules || !nearby.rules || !limits.rules) return <Loading />
  const create = asOf === undefined && (
    <Link to={ROUTING.create} search={{ callee: serviceText(namespace, service) }} className="button">
      <Icon name="plus" size={14} />
      {words.create}
    </Link>
  )
  if (routing.rules.length + nearby.rules.length + limits.rules.length === 0) {
    return (
      <Empty title={text.emptyTitle} hint={text.emptyHint}>
        {create}
      </Empty>
    )
  }
  const called = routing.rules.filter(isCalled)
  const calls = routing.rules.filter((one) => isCaller(one) && !isCalled(one))
  const applies = nearby.rules.find(({ rule }) => isEnabled(rule))?.rule
  return (
    <div className="stack">
      <Group title={text.called} hint={text.calledHint} actions={create} isShown>
        {called.length === 0 ? <p className="muted">{text.none}</p> : <ServiceRules label={text.called} noun={ROUTING} rules={called} service={{ namespace, service }} Summary={RoutingSummary} />}
      </Group>
      <Group title={text.nearby} hint={text.nearbyHint} isShown={nearby.rules.length > 0}>
        <ServiceRules
          label={text.nearby}
          noun={NEARBY}
          rules={nearby.rules}
          service={{ namespace, service }}
          Summary={NearbySummary}
          stateOf={(rule) => (!isEnabled(rule) ? undefined : rule === applies ? text.applies : text.notReached)}
        />
      </Group>
      <Group title={text.limits} hint={text.limitsHint} isShown={limits.rules.length > 0}>
        <ServiceRules label={text.limits} noun={LIMIT} rules={limits.rules} service={{ namespace, service }} Summary={LimitSummary} />
      </Group>
      <Group title={text.calls} hint={text.callsHint} isShown={calls.length > 0}>
        <ServiceRules label={text.calls} noun={ROUTING} rules={calls} service={{ namespace, service }} Summary={RoutingSummary} />
      </Group>
    </div>
  )
}

interface GroupProps {
  title: string
  hint: string
  isShown: boolean
  actions?: ReactNode
  children: ReactNode
}

function Group({ title, hint, isShown, actions, children }: GroupProps) {
  if (!isShown) return null
  return (
    <section className="stack">
      <div className="row wrap spread">
        <div>
          <h2>{title}</h2>
          <p className="muted small">{hint}</p>
        </div>
        {actions}
      </div>
      {children}
    </section>
  )
}
