import type { Change, Instance, Namespace, Service } from '../api/client'
import { metadataPatch } from '../instances/metadata'
import { putOf, specOf as specOfInstance } from '../instances/put'
import { COLLECTIONS, type CommonSpec, type Rule, specOf } from '../rule/noun'

/** The request that takes a change back, if nothing changed since. */
export interface Reversal {
  method: 'PUT' | 'PATCH' | 'DELETE'
  path: string
  body?: object
  /** The revision that the thing must still be at; none if it must still be gone. */
  revision: number | undefined
}

/**
 * What takes a change back.
 *
 * None for events, and for what happened because of time or heartbeats: it would happen again.
 */
export function reversalOf(change: Change): Reversal | undefined {
  const { kind, actor, before, after, revision: at } = change
  if (kind === 'event' || actor === 'merak') return undefined
  const path = pathOf(change)
  const revision = after === null ? undefined : at
  if (before === null) return { method: 'DELETE', path, revision }
  if (change.rule !== undefined) return { method: 'PUT', path, revision, body: specOf(before as unknown as Rule<CommonSpec>) }
  if (kind === 'namespace') return { method: 'PUT', path, revision, body: namespaceSpec(before as Namespace) }
  if (kind === 'service') return { method: 'PUT', path, revision, body: serviceSpec(before as Service) }
  const instance = before as Instance
  if (after === null) return { method: 'PUT', path, revision, body: putOf(instance) }
  const body = patchBack(instance, after as Instance)
  return body && { method: 'PATCH', path, revision, body }
}

function pathOf({ kind, namespace, service, instance, rule }: Change): string {
  const parts = ['namespaces', namespace]
  const collection = COLLECTIONS[kind]
  if (rule !== undefined && collection !== undefined) parts.push(collection, rule)
  if (service !== undefined) parts.push('services', service)
  if (instance !== undefined) parts.push('instances', instance)
  return `/api/v1/${parts.map(encodeURIComponent).join('/')}`
}

const namespaceSpec = ({ comment, metadata }: Namespace) => ({ comment, metadata })

function serviceSpec(service: Service) {
  const { metadata, ports, department, business, owners, comment, protect_threshold, export_to } = service
  return { metadata, ports, department, business, owners, comment, protect_threshold, export_to }
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)

/** The parts that an operator can change, as they were; none if another part changed. */
function patchBack(before: Instance, after: Instance): object | undefined {
  const [old, fresh] = [specOfInstance(before), specOfInstance(after)]
  const rest = { weight: 0, metadata: {} }
  if (!isSame({ ...old, ...rest }, { ...fresh, ...rest })) return undefined
  const isStatic = after.health_check.type === 'none'
  const patch = {
    ...(before.weight === after.weight ? {} : { weight: before.weight }),
    ...(before.isolated === after.isolated ? {} : { isolated: before.isolated }),
    ...(before.health === after.health || !isStatic ? {} : { health: before.health }),
    ...(isSame(before.metadata, after.metadata) ? {} : { metadata: metadataPatch(after.metadata, before.metadata) }),
  }
  return Object.keys(patch).length > 0 ? patch : undefined
}
