import type { Service, ServiceSpec } from '../api/client'

/** A service as it is typed. */
export interface ServiceForm {
  namespace: string
  name: string
  owners: string
  department: string
  business: string
  comment: string
  ports: string
  protect: string
  exportTo: string
  metadata: string
}

export const EMPTY_FORM: ServiceForm = {
  namespace: 'default',
  name: '',
  owners: '',
  department: '',
  business: '',
  comment: '',
  ports: '',
  protect: '0',
  exportTo: '',
  metadata: '',
}

export function formOf(service: Service): ServiceForm {
  return {
    namespace: service.namespace,
    name: service.name,
    owners: service.owners,
    department: service.department,
    business: service.business,
    comment: service.comment,
    ports: service.ports.join(', '),
    protect: String(service.protect_threshold),
    exportTo: service.export_to.join(', '),
    metadata: metadataText(service.metadata),
  }
}

export const metadataText = (metadata: Record<string, string>) =>
  Object.entries(metadata)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')

/** The entries of lines `key=value`, or the number of the first line that is none. */
export function parseMetadata(text: string): Record<string, string> | number {
  const metadata: Record<string, string> = {}
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const at = line.indexOf('=')
    if (at <= 0) return index + 1
    metadata[line.slice(0, at).trim()] = line.slice(at + 1).trim()
  }
  return metadata
}

const listOf = (text: string) =>
  text
    .split(/[\s,]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** What cannot be told to the API, by the field of its body. */
export type FormFaults = { field: 'ports' | 'protect_threshold'; text: string } | { field: 'metadata'; line: number }

/** What the API is told, or the first field that cannot be. */
export function specOf(form: ServiceForm): ServiceSpec | FormFaults {
  const notPort = listOf(form.ports).find((port) => !/^\d+$/.test(port))
  if (notPort !== undefined) return { field: 'ports', text: notPort }
  const protect = Number(form.protect)
  if (form.protect.trim() === '' || Number.isNaN(protect)) return { field: 'protect_threshold', text: form.protect }
  const metadata = parseMetadata(form.metadata)
  if (typeof metadata === 'number') return { field: 'metadata', line: metadata }
  return {
    name: form.name,
    owners: form.owners,
    department: form.department,
    business: form.business,
    comment: form.comment,
    ports: listOf(form.ports).map(Number),
    protect_threshold: protect,
    export_to: listOf(form.exportTo),
    metadata,
  }
}
