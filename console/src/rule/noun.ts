import type { CalleeSelector, ChangeKind, RuleKind, RuleProgress, RuleWarning } from '../api/client'

/** What the control plane adds to a rule that people wrote. */
export interface Stamp {
  namespace: string
  name: string
  revision: number
  created_revision: number
  created_at: string
  modified_at: string
}

/** What every kind of rule says, whatever else it says. */
export interface CommonSpec {
  description?: string
  metadata?: Record<string, string>
  enabled?: boolean
  priority?: number
  /** Not every kind asks who calls. */
  caller?: { namespace?: string; service?: string }
  callee: CalleeSelector
}

export type Rule<Spec extends CommonSpec> = Spec & Stamp

/** A rule in a list over all namespaces: how far it has come, unless the list is of an earlier moment. */
export type Listed<Spec extends CommonSpec> = Rule<Spec> & { status?: RuleProgress }

/** What a write answers, done or only tried. */
export type Written<Spec extends CommonSpec> = Rule<Spec> & { warnings?: RuleWarning[] }

/** One state of a rule, with who brought it about. */
export interface Revision<Spec extends CommonSpec> {
  revision: number
  at: string
  actor: string
  request_id: string
  action: 'created' | 'updated' | 'deleted'
  rule: Rule<Spec> | null
}

/** What the API's paths call the kinds of rules. */
export const COLLECTIONS: Partial<Record<ChangeKind, string>> = {
  routing_rule: 'routing-rules',
  nearby_rule: 'nearby-rules',
  rate_limit_rule: 'rate-limit-rules',
}

/** The segment of the API's paths that the rules of a kind are under. */
export type Collection = 'routing-rules' | 'nearby-rules' | 'rate-limit-rules'

/** A kind of rule: where it is, and what it begins with. */
export interface Noun<Spec extends CommonSpec> {
  collection: Collection
  /** What warnings call this kind. */
  kind: RuleKind
  /** The words of this kind in the dictionary. */
  words: 'routing' | 'nearby' | 'limits'
  list: '/routing-rules' | '/nearby-rules' | '/rate-limit-rules'
  create: '/routing-rules/new' | '/nearby-rules/new' | '/rate-limit-rules/new'
  one: '/routing-rules/$namespace/$rule' | '/nearby-rules/$namespace/$rule' | '/rate-limit-rules/$namespace/$rule'
  /** What a new rule says before anybody wrote anything. */
  blank: Spec
  /** Whether a document is enough of such a rule to be shown in fields, right or wrong. */
  isShaped: (document: unknown) => boolean
}

/** The page of a routing rule, which tests are of. */
export const ROUTING_RULE = '/routing-rules/$namespace/$rule'

const STAMPS = ['namespace', 'name', 'revision', 'created_revision', 'created_at', 'modified_at', 'warnings', 'status'] as const

/** What people wrote of a rule, without what the control plane adds. */
export function specOf<Spec extends CommonSpec>(rule: Written<Spec>): Spec {
  const spec: Partial<Written<Spec> & Listed<Spec>> = { ...rule }
  for (const stamp of STAMPS) delete spec[stamp]
  return spec as CommonSpec as Spec
}

export const isEnabled = ({ enabled = true }: Pick<CommonSpec, 'enabled'>) => enabled
export const keyOf = ({ namespace, name }: Pick<Stamp, 'namespace' | 'name'>) => `${namespace}/${name}`
