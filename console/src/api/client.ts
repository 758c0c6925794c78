import createClient from 'openapi-fetch'
import { Problem } from './problem'
import type { components, operations, paths } from './schema'

type Schemas = components['schemas']
export type Change = Schemas['Change']
export type ChangeKind = Schemas['ChangeKind']
export type Health = Schemas['Health']
export type Instance = Schemas['Instance']
export type Namespace = Schemas['NamespaceSummary']
export type NamespaceSpec = Schemas['NamespaceSpec']
export type RoutingRuleSpec = Schemas['RoutingRuleSpec']
export type RateLimitRuleSpec = Schemas['RateLimitRuleSpec']
export type NearbyRuleSpec = Schemas['NearbyRuleSpec']
export type CalleeSelector = Schemas['CalleeSelector']
export type RuleKind = Schemas['RuleKind']
export type RuleProgress = Schemas['RuleProgress']
export type TestReport = Schemas['TestReport']
export type TestMismatch = Schemas['TestMismatch']
export type FailedTest = Schemas['FailedTest']
export type RuleWarning = Schemas['RuleWarning']
export type WarningCode = Schemas['WarningCode']
export type WarningOf<Code extends WarningCode> = Extract<Schemas['WarningReason'], { code: Code }>
export type WarnedRule = Schemas['Page_WarnedRule']['items'][number]
export type RuleStatus = Schemas['RuleStatus']
export type Service = Schemas['Service']
export type ServiceSpec = Schemas['ServiceSpec']
export type ServiceSummary = Schemas['ServiceSummary']
export type Subscriber = Schemas['Subscriber']
export type Registration = Schemas['InstanceRegistration']
export type BatchItem = Schemas['InstanceBatchItem']
export type BatchAnswer = Schemas['InstanceBatchItemAnswer']

type QueryOf<Operation extends keyof operations> = NonNullable<operations[Operation]['parameters']['query']>
export type Reached = NonNullable<QueryOf<'search_routing_rules'>['status']>
export type RuleSort = NonNullable<QueryOf<'search_routing_rules'>['sort']>
export type ServiceSort = NonNullable<QueryOf<'search_services'>['sort']>
export type InstanceSort = NonNullable<QueryOf<'list_instances'>['sort']>

export interface Page<T> {
  items: T[]
  next_page_token?: string
}

/** The API of the control plane that served this page. */
export const api = createClient<paths, 'application/json' | 'text/plain; version=0.0.4; charset=utf-8'>({ baseUrl: location.origin })

interface Answered<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The data of an answer; throws a {@link Problem} for any other outcome. */
export async function must<T>(asked: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await asked.catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw Problem.offline(cause)
  })
  if (!response.ok) throw Problem.answered(response, error)
  return data as T
}

/** The precondition of a write: what is written over must be at this revision. */
export const ifMatch = (revision: number) => ({ 'If-Match': `"${revision}"` })
