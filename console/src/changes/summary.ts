import type { Change, Instance, Service } from '../api/client'
import type { Dictionary } from '../i18n/en'
import { type Difference, differences } from '../ui/diff'

/** What belongs to the log's keeping, not to the thing. */
const STAMPS = new Set(['revision', 'modified_at', 'created_at', 'created_revision'])

/** The fields that a change changed, without its stamps. */
export function changedFields({ before, after }: Change): Difference[] {
  if (!before || !after) return []
  return differences(before, after).filter(({ path }) => !STAMPS.has(path) && !path.startsWith('registered'))
}

/** The instance that a change left, or took away. */
export function instanceOf({ kind, before, after }: Change): Instance | undefined {
  if (kind !== 'instance') return undefined
  return (after ?? before ?? undefined) as Instance | undefined
}

/** Host and port, with brackets where the host has colons. */
export const endpoint = ({ host, port }: Pick<Instance, 'host' | 'port'>) =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/** What a change is of, in few words. */
function subjectOf(change: Change, text: Dictionary['changes']): string {
  const instance = instanceOf(change)
  if (instance) return `${change.service ?? ''} ${endpoint(instance)}`
  if (change.rule !== undefined) return `${text.kinds[change.kind]} ${change.rule}`
  if (change.service) return change.instance ? `${change.service} ${change.instance}` : change.service
  return `${text.kinds.namespace} ${change.namespace}`
}

/** What happened, in a sentence. */
export function summarize(change: Change, { changes: text }: Pick<Dictionary, 'changes'>): string {
  const subject = subjectOf(change, text)
  if (change.kind === 'event') return summarizeEvent(change, subject, text)
  const isInstance = change.kind === 'instance'
  if (!change.before) return isInstance ? text.registered(subject) : text.created(subject)
  if (!change.after) return isInstance ? text.deregistered(subject) : text.deleted(subject)
  return summarizeFields(changedFields(change), subject, text)
}

function summarizeEvent(change: Change, subject: string, text: Dictionary['changes']): string {
  const event = change.after
  if (event && 'type' in event && event.type === 'flapping') {
    return text.flapping(subject, event.losses, event.window_seconds)
  }
  if (event && 'type' in event && event.type === 'mass_loss_held') {
    return text.massLoss(subject, event.disconnected, event.healthy)
  }
  return text.unchanged(subject)
}

function summarizeFields(fields: Difference[], subject: string, text: Dictionary['changes']): string {
  const [field] = fields
  if (!field) return text.unchanged(subject)
  if (fields.length > 1) {
    const names = new Set(fields.map(({ path }) => path.split('.')[0] ?? path))
    return text.fields(subject, [...names].join(', '))
  }
  if (field.path === 'health') {
    return field.after === 'healthy' ? text.becameHealthy(subject) : text.becameUnhealthy(subject)
  }
  if (field.path === 'enabled') return field.after ? text.enabled(subject) : text.disabled(subject)
  if (field.path === 'isolated') return field.after ? text.isolated(subject) : text.restored(subject)
  return text.field(subject, field.path, shown(field.before), shown(field.after))
}

/** As much of a value as a sentence has; the details of the change have the rest. */
const LONGEST = 80

/** A value of a field in a sentence. */
function shown(value: unknown): string {
  if (value === undefined || value === '') return '∅'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

/** How much a change asks for attention. */
export function gravity(change: Change): 'bad' | 'warn' | 'good' | 'none' {
  if (change.kind === 'event') return 'warn'
  const fields = changedFields(change)
  const health = fields.find(({ path }) => path === 'health')
  if (health) return health.after === 'healthy' ? 'good' : 'bad'
  return fields.some(({ path, after }) => path === 'isolated' && after === true) ? 'warn' : 'none'
}

/** The service that a change was of, if there is still one to show. */
export function serviceOf({ kind, namespace, service, after }: Change): Pick<Service, 'namespace' | 'name'> | undefined {
  const isDeleted = kind === 'service' && after === null
  return service === undefined || isDeleted ? undefined : { namespace, name: service }
}
