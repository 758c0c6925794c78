import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, ifMatch, must, type Service, type ServiceSpec } from '../api/client'
import { Problem } from '../api/problem'
import type { Dictionary } from '../i18n/en'
import { told, toldByField } from '../i18n/told'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { AreaField, TextField } from '../ui/field'
import { Fault } from '../ui/states'
import { toast } from '../ui/toast'
import { EMPTY_FORM, type FormFaults, formOf, type ServiceForm, specOf } from './form'

interface Props {
  /** The service to edit; none to create one. */
  service?: Service
  namespace?: string | undefined
  onClose: () => void
}

/** Creates a service, or edits one; what was typed outlives every refusal. */
export function ServiceDialog({ service, namespace = 'default', onClose }: Props) {
  const text = useText()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [form, setForm] = useState<ServiceForm>(service ? formOf(service) : { ...EMPTY_FORM, namespace })
  // After a conflict, saving again replaces what somebody else wrote.
  const [revision, setRevision] = useState(service?.revision)
  const [fault, setFault] = useState<FormFaults | null>(null)
  const save = useMutation({
    mutationFn: (spec: ServiceSpec) => write(form, revision, spec),
    onSuccess: async (saved) => {
      await client.invalidateQueries({ predicate: ({ queryKey: [noun] }) => noun === 'services' || noun === 'service' })
      toast(service ? text.services.saved(saved.name) : text.services.created(saved.name))
      onClose()
      if (!service) {
        const params = { namespace: saved.namespace, service: saved.name }
        void navigate({ to: '/services/$namespace/$service', params })
      }
    },
    onError: (error) => {
      if (error instanceof Problem && error.status === 412) setRevision(error.body.current_revision)
    },
  })
  function submit() {
    const spec = specOf(form)
    const isFault = 'field' in spec
    setFault(isFault ? spec : null)
    if (!isFault) save.mutate(spec)
  }
  const faults = faultsOf(fault, save.error, text)
  const field = (key: keyof ServiceForm) => ({
    value: form[key],
    onChange: (value: string) => setForm({ ...form, [key]: value }),
  })
  const { services } = text
  return (
    <Dialog wide title={service ? services.editTitle(service.name) : services.create} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <div className="fields">
          {!service && (
            <>
              <TextField label={services.name} required fault={faults.name} {...field('name')} />
              <TextField label={services.namespace} required fault={faults.namespace} {...field('namespace')} />
            </>
          )}
          <TextField label={services.owners} fault={faults.owners} {...field('owners')} />
          <TextField label={services.department} fault={faults.department} {...field('department')} />
          <TextField label={services.business} fault={faults.business} {...field('business')} />
          <TextField label={services.ports} hint={services.portsHint} fault={faults.ports} {...field('ports')} />
          <TextField label={services.exportTo} hint={services.exportToHint} fault={faults.export_to} {...field('exportTo')} />
          <TextField
            label={services.protect}
            hint={services.protectHint}
            fault={faults.protect_threshold}
            inputMode="decimal"
            {...field('protect')}
          />
        </div>
        <TextField label={services.comment} fault={faults.comment} {...field('comment')} />
        <AreaField label={services.metadata} hint={services.metadataHint} fault={faults.metadata} isCode {...field('metadata')} />
        {faults[''] && <Fault>{faults['']}</Fault>}
        <div className="form-foot">
          <Button onClick={onClose}>{text.actions.cancel}</Button>
          <Button kind="primary" type="submit" disabled={save.isPending}>
            {service ? text.actions.save : text.actions.create}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function write({ namespace, name }: ServiceForm, revision: number | undefined, body: ServiceSpec): Promise<Service> {
  if (revision === undefined) {
    return must(api.POST('/api/v1/namespaces/{namespace}/services', { params: { path: { namespace } }, body }))
  }
  const path = { namespace, service: name }
  const params = { path, header: ifMatch(revision) }
  return must(api.PUT('/api/v1/namespaces/{namespace}/services/{service}', { params, body }))
}

/** What to say at each field, and under `''` what belongs to none. */
function faultsOf(fault: FormFaults | null, error: Error | null, text: Dictionary): Record<string, string> {
  const { services } = text
  if (fault) return { [fault.field]: fault.field === 'metadata' ? services.metadataLine(fault.line) : services.notNumber(fault.text) }
  if (!error) return {}
  if (error instanceof Problem && error.status === 412) return { '': services.conflict }
  const byField = error instanceof Problem ? toldByField(error, text) : {}
  return Object.keys(byField).length > 0 ? byField : { '': told(error, text) }
}
