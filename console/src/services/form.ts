import type { Service, ServiceSpec } from '../api/client'
import { type EntriesFault, entriesText, readEntries } from '../ui/entries'

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

/** What people say of a service. */
export type ServiceSaid = Required<Omit<ServiceSpec, 'name'>>

/** What people said of a service, without what the control plane adds. */
export function saidOf(service: Service): ServiceSaid {
  const { owners, department, business, comment, ports, protect_threshold, export_to, metadata } = service
  return { owners, department, business, comment, ports, protect_threshold, export_to, metadata }
}

/** A service in the fields in which it is typed. */
export const formOf = (said: ServiceSaid, { namespace, name }: Pick<ServiceForm, 'namespace' | 'name'>): ServiceForm => ({
  namespace,
  name,
  owners: said.owners,
  department: said.department,
  business: said.business,
  comment: said.comment,
  ports: said.ports.join(', '),
  protect: String(said.protect_threshold),
  exportTo: said.export_to.join(', '),
  metadata: entriesText(said.metadata),
})

const listOf = (text: string) =>
  text
    .split(/[\s,]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '')

const MAX_PORT = 65_535
const isPort = (text: string) => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_PORT
const isShare = (text: string) => text.trim() !== '' && Number(text) >= 0 && Number(text) <= 1

/** What cannot be told to the API: the port that is none, and so on. */
export interface FormFaults {
  port?: string | undefined
  protect?: string | undefined
  metadata?: EntriesFault | undefined
}

export const faultsOf = (form: ServiceForm): FormFaults => ({
  port: listOf(form.ports).find((port) => !isPort(port)),
  protect: isShare(form.protect) ? undefined : form.protect,
  metadata: readEntries(form.metadata).fault,
})

/** What the API is told; none if something cannot be. */
export function readForm(form: ServiceForm): ServiceSaid | undefined {
  const { entries } = readEntries(form.metadata)
  const { port, protect } = faultsOf(form)
  if (!entries || port !== undefined || protect !== undefined) return undefined
  return {
    owners: form.owners,
    department: form.department,
    business: form.business,
    comment: form.comment,
    ports: listOf(form.ports).map(Number),
    protect_threshold: Number(form.protect),
    export_to: listOf(form.exportTo),
    metadata: entries,
  }
}
