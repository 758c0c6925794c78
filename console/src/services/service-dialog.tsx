import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, ifMatch, must, type Service } from '../api/client'
import { Problem } from '../api/problem'
import { Meanwhile, unlessMeanwhile } from '../conflict/meanwhile'
import { useOvertaken } from '../conflict/use-overtaken'
import type { Dictionary } from '../i18n/en'
import { toldByField } from '../i18n/told'
import { useText } from '../i18n/use-text'
import { EntriesField, toldEntries } from '../ui/entries-field'
import { TextField } from '../ui/field'
import { FormDialog } from '../ui/form-dialog'
import { Failure, Fault } from '../ui/states'
import { toast } from '../ui/toast'
import { type FieldFaults, useForm } from '../ui/use-form'
import { EMPTY_FORM, faultsOf, formOf, readForm, saidOf, type ServiceForm } from './form'

interface Props {
  /** The service to edit; none to create one. */
  service?: Service
  namespace?: string | undefined
  onClose: () => void
}

const ONE = '/api/v1/namespaces/{namespace}/services/{service}'

/** Creates a service, or edits one; what was typed outlives every refusal. */
export function ServiceDialog({ service, namespace = 'default', onClose }: Props) {
  const text = useText()
  const { services } = text
  const client = useQueryClient()
  const navigate = useNavigate()
  // What is written over: as it was shown, or as somebody else left it meanwhile.
  const [base, setBase] = useState(service)
  const save = useMutation({
    mutationFn: (form: ServiceForm) => write(form, base),
    onSuccess: async (saved) => {
      await client.invalidateQueries({ predicate: ({ queryKey: [noun] }) => noun === 'services' || noun === 'service' })
      toast(service ? services.saved(saved.name) : services.created(saved.name))
      if (service) return onClose()
      // The dialog goes with its page.
      const params = { namespace: saved.namespace, service: saved.name }
      return navigate({ to: '/services/$namespace/$service', params, ignoreBlocker: true })
    },
    onError: (error, form) => {
      if (!base || !(error instanceof Meanwhile)) return
      const theirs = error.theirs as Service | undefined
      const mine = readForm(form)
      if (theirs && mine) overtaken.begin(saidOf(base), mine, saidOf(theirs), theirs.revision)
      setBase(theirs)
    },
  })
  const byField = save.error instanceof Problem ? toldByField(save.error, text) : {}
  const { protect_threshold: protect, export_to: exportTo, ...refused } = byField
  const start = service ? formOf(saidOf(service), service) : { ...EMPTY_FORM, namespace }
  const form = useForm<ServiceForm>(start, (typed) => judged(typed, text), { ...refused, protect, exportTo })
  const overtaken = useOvertaken({
    read: () => readForm(form.values),
    show: (said) => form.set(formOf(said, form.values)),
    names: namesOf(services),
  })
  const isElsewhere = save.error && !(save.error instanceof Meanwhile) && Object.keys(byField).length === 0
  const isGone = save.error instanceof Meanwhile && save.error.theirs === undefined
  return (
    <FormDialog
      wide
      title={service ? services.editTitle(service.name) : services.create}
      isDirty={form.isDirty}
      isBusy={save.isPending}
      submit={service ? text.actions.save : text.actions.create}
      refusal={form.refusals + overtaken.refusals + (save.isError ? save.submittedAt : 0)}
      onSubmit={() => form.submit((values) => overtaken.isDecided() && save.mutate(values))}
      onClose={onClose}
    >
      <Fields form={form} isNew={!service} />
      {overtaken.notice}
      {isGone && <Fault>{text.forms.gone}</Fault>}
      {isElsewhere && <Failure error={save.error} />}
    </FormDialog>
  )
}

function Fields({ form: { field }, isNew }: { form: ReturnType<typeof useForm<ServiceForm>>; isNew: boolean }) {
  const { services } = useText()
  return (
    <>
      <div className="fields">
        {isNew && (
          <>
            <TextField label={services.name} required {...field('name')} />
            <TextField label={services.namespace} required {...field('namespace')} />
          </>
        )}
        <TextField label={services.owners} {...field('owners')} />
        <TextField label={services.department} {...field('department')} />
        <TextField label={services.business} {...field('business')} />
        <TextField label={services.ports} hint={services.portsHint} {...field('ports')} />
        <TextField label={services.exportTo} hint={services.exportToHint} {...field('exportTo')} />
        <TextField label={services.protect} hint={services.protectHint} inputMode="decimal" {...field('protect')} />
      </div>
      <TextField label={services.comment} {...field('comment')} />
      <EntriesField label={services.metadata} {...field('metadata')} />
    </>
  )
}

/** Creates a service where there is none to write over. */
function write(form: ServiceForm, base: Service | undefined): Promise<Service> {
  const { namespace, name } = form
  const body = { name, ...readForm(form) }
  if (!base) return must(api.POST('/api/v1/namespaces/{namespace}/services', { params: { path: { namespace } }, body }))
  const path = { namespace, service: name }
  const params = { path, header: ifMatch(base.revision) }
  return unlessMeanwhile(
    () => must(api.PUT(ONE, { params, body })),
    () => must(api.GET(ONE, { params: { path } })),
  )
}

const namesOf = (text: Dictionary['services']) => {
  const { owners, department, business, comment, ports, metadata } = text
  return { owners, department, business, comment, ports, metadata, protect_threshold: text.protect, export_to: text.exportTo }
}

/** What is wrong with what was typed, before anybody is asked. */
function judged(form: ServiceForm, text: Dictionary): FieldFaults<ServiceForm> {
  const { port, protect, metadata } = faultsOf(form)
  return {
    name: form.name.trim() === '' ? text.forms.missing : undefined,
    namespace: form.namespace.trim() === '' ? text.forms.missing : undefined,
    ports: port === undefined ? undefined : text.forms.whole(port, 1, 65_535),
    protect: protect === undefined ? undefined : text.forms.share(protect),
    metadata: metadata && toldEntries(metadata, text),
  }
}
