import { useQuery } from '@tanstack/react-query'
import { createContext, use } from 'react'
import type { RoutingRuleSpec } from '../api/client'
import { isNamespaceName } from '../api/name'
import { instancesQuery } from '../instances/queries'
import { allNamespacesQuery } from '../namespaces/queries'
import { servicesQuery } from '../services/queries'
import { useScope } from '../shell/scope'
import type { Choice } from '../ui/combo-field'
import { type KnownLabels, knownLabels } from './labels'
import type { FactKind } from './noun'

/** What the control plane knows of who calls and who is called. */
interface Suggestions {
  callee: { namespace: string; service: string } | undefined
  calleeLabels: KnownLabels
  callerLabels: KnownLabels
  namespaces: string[]
  services: string[]
}

const NOTHING: Suggestions = { callee: undefined, calleeLabels: new Map(), callerLabels: new Map(), namespaces: [], services: [] }

export const SuggestionsContext = createContext<Suggestions>(NOTHING)

type Service = { namespace: string; service: string } | undefined

/** A service, if one is named; not `*`. */
function named(selector: { namespace?: string; service?: string } | undefined, namespace: string): Service {
  const { service } = selector ?? {}
  const where = selector?.namespace ?? namespace
  return service === undefined || service === '' || service === '*' || where === '*' ? undefined : { namespace: where, service }
}

/** A service if there is one of that name: what is half typed is not asked for. */
function useExisting(service: Service): Service {
  const query = servicesQuery({ namespace: service?.namespace, name: service?.service ?? '', page_size: 1 })
  const { data } = useQuery({ ...query, placeholderData: undefined, enabled: service !== undefined && isNamespaceName(service.namespace) })
  return data?.items.some(({ name }) => name === service?.service) ? service : undefined
}

/** As many instances as are looked at for what their labels are. */
const SAMPLE = 500

function useLabels(service: Service): KnownLabels {
  const { asOf } = useScope()
  const query = instancesQuery(service?.namespace ?? '', service?.service ?? '', { page_size: SAMPLE, as_of: asOf })
  const { data } = useQuery({ ...query, enabled: service !== undefined, retry: false })
  return knownLabels(service === undefined ? [] : (data?.items ?? []))
}

/** Reads what can be suggested for a rule. */
export function useKnown({ caller, callee }: Pick<RoutingRuleSpec, 'caller' | 'callee'>, namespace: string): Suggestions {
  const called = useExisting(named(callee, namespace))
  const calling = useExisting(named(caller, namespace))
  const { data: services } = useQuery(servicesQuery({ page_size: 100 }))
  const { data: namespaces } = useQuery(allNamespacesQuery)
  return {
    callee: called,
    calleeLabels: useLabels(called),
    callerLabels: useLabels(calling),
    namespaces: namespaces?.map(({ name }) => name) ?? [],
    services: services?.items.map(({ name }) => name) ?? [],
  }
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']

const plain = (values: readonly string[]): Choice[] => [...new Set(values)].map((value) => ({ value }))

export const keyChoices = (labels: KnownLabels): Choice[] =>
  [...labels].map(([value, values]) => ({ value, context: [...values.keys()].slice(0, 4).join(', ') }))

export const valueChoices = (labels: KnownLabels, key: string): Choice[] =>
  [...(labels.get(key) ?? [])].map(([value, count]) => ({ value, context: `× ${count}` }))

/** The labels that instances of the callee have. */
export const useCalleeLabels = (): KnownLabels => use(SuggestionsContext).calleeLabels

/** What the fact of a condition may be. */
export function useFactChoices(on: FactKind, key: string): { keys: Choice[]; values: Choice[] } {
  const { callerLabels, services, namespaces } = use(SuggestionsContext)
  const values = {
    method: plain(METHODS),
    caller_service: plain(services),
    caller_namespace: plain(namespaces),
    caller_metadata: valueChoices(callerLabels, key),
  } as Partial<Record<FactKind, Choice[]>>
  return { keys: on === 'caller_metadata' ? keyChoices(callerLabels) : [], values: values[on] ?? [] }
}
