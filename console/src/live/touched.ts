import type { Change } from '../api/client'
import { COLLECTIONS } from '../rule/noun'

/** What the first parts of a query's key say that it shows. */
export type LiveKey =
  | readonly ['namespaces', ...unknown[]]
  | readonly ['services', ...unknown[]]
  | readonly ['service', string, string, ...unknown[]]
  | readonly ['rules', string, string, ...unknown[]]
  | readonly ['rule', string, string, string, ...unknown[]]
  | readonly ['warnings', ...unknown[]]
  | readonly ['changes', ...unknown[]]
  | readonly unknown[]

/** The parts of a service that depend on rules. */
const RULED = new Set<unknown>(['rules', 'simulation'])

/** A test of queries: whether what they show is touched by any of some changes. */
export function touchedBy(changes: Change[]): (key: LiveKey) => boolean {
  const services = new Set(changes.map(({ namespace, service }) => `${namespace} ${service ?? ''}`))
  const rules = new Set(changes.map(({ kind, namespace, rule }) => `${COLLECTIONS[kind] ?? ''} ${namespace} ${rule ?? ''}`))
  const lists = new Set(changes.map(({ kind, namespace }) => `${COLLECTIONS[kind] ?? ''} ${namespace}`))
  const kinds = new Set<unknown>(changes.map(({ kind }) => COLLECTIONS[kind]))
  const hasRules = changes.some(({ kind }) => COLLECTIONS[kind] !== undefined)
  const isBeyondEvents = changes.some((change) => change.kind !== 'event')
  return ([noun, ...of]) => {
    const [namespace, service, part] = of
    if (changes.length === 0) return false
    if (noun === 'changes') return true
    if (noun === 'namespaces' || noun === 'services') return isBeyondEvents
    if (noun === 'warnings') return changes.some(({ kind }) => kind in COLLECTIONS)
    // Those of all namespaces are under `*`, which is no name.
    if (noun === 'rules') return lists.has(of.slice(0, 2).join(' ')) || (of[1] === '*' && kinds.has(of[0]))
    if (noun === 'rule') return rules.has(of.slice(0, 3).join(' '))
    // A rule may be for any service, so all that depends on rules is read anew.
    if (noun === 'service' && hasRules && RULED.has(part)) return true
    return noun === 'service' && services.has(`${String(namespace)} ${String(service)}`)
  }
}
