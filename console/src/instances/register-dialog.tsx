import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Registration } from '../api/client'
import { Problem } from '../api/problem'
import { endpoint } from '../changes/summary'
import type { Dictionary } from '../i18n/en'
import { toldByField } from '../i18n/told'
import { useText } from '../i18n/use-text'
import { readEntries } from '../ui/entries'
import { EntriesField, toldEntries } from '../ui/entries-field'
import { TextField } from '../ui/field'
import { FormDialog } from '../ui/form-dialog'
import { Failure } from '../ui/states'
import { toast } from '../ui/toast'
import { type FieldFaults, useForm } from '../ui/use-form'
import { registerNew, Taken } from './register'

interface Props {
  namespace: string
  service: string
  onClose: () => void
}

const EMPTY = { host: '', port: '', weight: '100', version: '', protocol: '', zone: '', region: '', id: '', metadata: '' }
type Typed = typeof EMPTY

const registrationOf = (form: Typed): Registration => ({
  host: form.host.trim(),
  port: Number(form.port),
  weight: Number(form.weight),
  version: form.version,
  protocol: form.protocol,
  location: { region: form.region, zone: form.zone, campus: '' },
  health_check: { type: 'none' },
  metadata: readEntries(form.metadata).entries ?? {},
  ...(form.id ? { id: form.id } : {}),
})

/** Registers an instance that sends no heartbeats; one that is there stays as it is. */
export function RegisterDialog({ namespace, service, onClose }: Props) {
  const words = useText()
  const { instances: text } = words
  const client = useQueryClient()
  const register = useMutation({
    mutationFn: (form: Typed) => registerNew({ namespace, service }, registrationOf(form)),
    onSuccess: (instance) => {
      toast(text.registered(endpoint(instance)))
      void client.invalidateQueries({ queryKey: ['service', namespace, service] })
      onClose()
    },
  })
  const { error } = register
  const byField = error instanceof Problem ? toldByField(error, words) : {}
  const { location: region, ...refused } = byField
  const form = useForm(EMPTY, (typed) => judged(typed, words), { ...refused, region })
  const { field } = form
  return (
    <FormDialog
      wide
      title={text.registerTitle}
      isDirty={form.isDirty}
      isBusy={register.isPending}
      submit={text.register}
      refusal={form.refusals + (register.isError ? register.submittedAt : 0)}
      onSubmit={() => form.submit(register.mutate)}
      onClose={onClose}
    >
      <p className="muted">{text.registerHint}</p>
      <div className="fields">
        <TextField label={text.host} required {...field('host')} />
        <TextField label={text.port} required inputMode="numeric" {...field('port')} />
        <TextField label={text.weight} required inputMode="numeric" hint={text.weightHint} {...field('weight')} />
        <TextField label={text.version} {...field('version')} />
        <TextField label={text.protocol} {...field('protocol')} />
        <TextField label={text.region} {...field('region')} />
        <TextField label={text.zone} {...field('zone')} />
        <TextField label={text.id} hint={text.idHint} {...field('id')} />
      </div>
      <EntriesField label={text.metadata} {...field('metadata')} />
      {error instanceof Taken && <TakenNotice taken={error} />}
      {error && !(error instanceof Taken) && Object.keys(byField).length === 0 && <Failure error={error} />}
    </FormDialog>
  )
}

/** What is there already, and where to look at it. */
function TakenNotice({ taken: { instance, by } }: { taken: Taken }) {
  const { instances: text } = useText()
  const { namespace, service, host, id, health_check: check } = instance
  return (
    <div className="notice notice-warn stack-tight" role="alert">
      <strong>{text.isThere(endpoint(instance))}</strong>
      <p>
        {by !== undefined && <>{text.registeredBy(by)} </>}
        {check.type === 'heartbeat' ? text.beats(check.ttl_seconds ?? 5) : text.isStatic} {text.isThereAs(id)}
      </p>
      <Link to="/services/$namespace/$service" params={{ namespace, service }} search={{ q: `ip:${host}` }} target="_blank">
        {text.showIt}
      </Link>
    </div>
  )
}

const MAX_PORT = 65_535
const MAX_WEIGHT = 10_000

/** What is wrong with what was typed, before anybody is asked. */
function judged({ host, port, weight, metadata }: Typed, text: Dictionary): FieldFaults<Typed> {
  const { missing, whole } = text.forms
  const { fault } = readEntries(metadata)
  const number = (typed: string, min: number, max: number) => {
    if (typed.trim() === '') return missing
    return /^\s*\d+\s*$/.test(typed) && Number(typed) >= min && Number(typed) <= max ? undefined : whole(typed, min, max)
  }
  return {
    host: host.trim() === '' ? missing : undefined,
    port: number(port, 1, MAX_PORT),
    weight: number(weight, 0, MAX_WEIGHT),
    metadata: fault && toldEntries(fault, text),
  }
}
