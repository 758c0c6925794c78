import { useQuery } from '@tanstack/react-query'
import { useText } from '../i18n/use-text'
import { ROUTING } from '../routing/routing'
import { useServiceRules } from '../rule/use-service-rules'
import { useScope } from '../shell/scope'
import '../styles/simulator.css'
import { subscribersQuery } from '../subscribers/queries'
import { Button } from '../ui/button'
import { Page } from '../ui/page'
import { useCopy } from '../ui/use-copy'
import { Answer } from './answer'
import { NO_CALL, requestOf, serviceOf, serviceText } from './call'
import { CallForm } from './call-form'
import { parseDraft } from './draft'
import { faultsOf } from './faults'
import { namesOf } from './names'
import { Services } from './services'
import { SimulatorTabs } from './tabs'
import { useSimulation } from './use-simulation'
import { useTyped } from './use-typed'

/** Where a call would go, and why. */
export function SimulatorPage() {
  const dictionary = useText()
  const { simulator: text } = dictionary
  const { namespace = 'default', asOf } = useScope()
  const copy = useCopy()
  const { typed, inForce, change } = useTyped()
  const callee = serviceOf(inForce.to, namespace)
  const request = requestOf(inForce, namespace)
  const draft = parseDraft(inForce.draft, namespace)
  const seed = Number(inForce.seed) || 0
  const simulation = useSimulation(request, draft.is === 'draft' ? draft.draft : undefined, seed, asOf)
  const touching = useServiceRules(ROUTING, callee).rules ?? []
  const rules = touching.filter(({ roles }) => roles.some((role) => role !== 'caller')).map(({ rule }) => rule)
  // Nothing is asked of a service that is not known to be there, as while its name is typed.
  const isThere = simulation.live.isSuccess && !simulation.live.isPlaceholderData
  const subscribers = useQuery({ ...subscribersQuery(callee?.namespace ?? '', callee?.service ?? ''), enabled: isThere })
  const callers = (subscribers.data?.items ?? []).flatMap(({ client: { service } }) =>
    service ? [serviceText(service.namespace, service.name)] : [],
  )
  const faults = { ...faultsOf(simulation.draft.error, dictionary), ...faultsOf(simulation.live.error, dictionary) }
  if (draft.is === 'fault') faults.draft = text.notJson(draft.detail)
  const tools = (
    <>
      <Button onClick={() => change(NO_CALL)}>{text.clear}</Button>
      <Button icon="copy" onClick={() => void copy(location.href, text.shared)} disabled={!request}>
        {text.share}
      </Button>
    </>
  )
  return (
    <Page title={text.title} actions={tools}>
      <SimulatorTabs call={inForce} />
      <p className="muted lead">{text.lead}</p>
      <div className="simulator">
        <CallForm
          rules={rules}
          call={typed}
          change={change}
          faults={faults}
          callers={callers}
          zones={(simulation.live.data?.candidates ?? []).map(({ location: { zone } }) => zone).filter(Boolean)}
          names={namesOf(rules)}
        />
        <section className="answer" aria-label={text.answer} aria-busy={simulation.isWaiting}>
          {request && callee ? (
            <Answer call={inForce} service={callee} simulation={simulation} rules={rules} change={(next) => change(next(typed))} />
          ) : (
            <Services />
          )}
        </section>
      </div>
    </Page>
  )
}
