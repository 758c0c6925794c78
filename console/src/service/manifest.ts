import { stringify } from 'yaml'
import type { Service } from '../api/client'

/**
 * What people said of a service, as a YAML document: nothing that the control plane adds, keys in one order, so
 * that two of them differ only where the services do.
 */
export function manifestOf(service: Service): string {
  const { namespace, name, metadata, ports, department, business, owners, comment, protect_threshold, export_to } = service
  const spec = { metadata, ports, department, business, owners, comment, protect_threshold, export_to }
  return stringify({ kind: 'Service', metadata: { namespace, name }, spec }, { lineWidth: 0, sortMapEntries: inOrder })
}

/** The kind first, then by name. */
function inOrder(one: { key: unknown }, other: { key: unknown }): number {
  const [first, second] = [one, other].map(({ key }) => String((key as { value?: unknown }).value ?? key)) as [string, string]
  if (first === 'kind' || second === 'kind') return first === 'kind' ? -1 : 1
  return first < second ? -1 : Number(first > second)
}
