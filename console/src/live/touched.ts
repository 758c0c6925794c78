import type { Change } from '../api/client'

/** What the first parts of a query's key say that it shows. */
export type LiveKey =
  | readonly ['namespaces', ...unknown[]]
  | readonly ['services', ...unknown[]]
  | readonly ['service', string, string, ...unknown[]]
  | readonly ['changes', ...unknown[]]
  | readonly unknown[]

/** A test of queries: whether what they show is touched by any of some changes. */
export function touchedBy(changes: Change[]): (key: LiveKey) => boolean {
  const services = new Set(changes.map(({ namespace, service }) => `${namespace} ${service ?? ''}`))
  const isBeyondEvents = changes.some((change) => change.kind !== 'event')
  return ([noun, namespace, service]) => {
    if (changes.length === 0) return false
    if (noun === 'changes') return true
    if (noun === 'namespaces' || noun === 'services') return isBeyondEvents
    return noun === 'service' && services.has(`${String(namespace)} ${String(service)}`)
  }
}
