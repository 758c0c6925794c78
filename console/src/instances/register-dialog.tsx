import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, must, type Registration } from '../api/client'
import { Problem } from '../api/problem'
import { endpoint } from '../changes/summary'
import { told, toldByField } from '../i18n/told'
import { useText } from '../i18n/use-text'
import { parseMetadata } from '../services/form'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { AreaField, TextField } from '../ui/field'
import { Fault } from '../ui/states'
import { toast } from '../ui/toast'

interface Props {
  namespace: string
  service: string
  onClose: () => void
}

const EMPTY = { host: '', port: '', weight: '100', version: '', protocol: '', zone: '', region: '', id: '', metadata: '' }

/** Registers an instance that sends no heartbeats. */
export function RegisterDialog({ namespace, service, onClose }: Props) {
  const words = useText()
  const { instances: text, services, actions } = words
  const client = useQueryClient()
  const [form, setForm] = useState(EMPTY)
  const metadata = parseMetadata(form.metadata)
  const register = useMutation({
    mutationFn: (entries: Record<string, string>) => {
      const body: Registration = {
        host: form.host,
        port: Number(form.port),
        weight: Number(form.weight),
        version: form.version,
        protocol: form.protocol,
        location: { region: form.region, zone: form.zone, campus: '' },
        health_check: { type: 'none' },
        metadata: entries,
        ...(form.id ? { id: form.id } : {}),
      }
      const params = { path: { namespace, service } }
      return must(api.POST('/api/v1/namespaces/{namespace}/services/{service}/instances', { params, body }))
    },
    onSuccess: (instance) => {
      toast(text.registered(endpoint(instance)))
      void client.invalidateQueries({ queryKey: ['service', namespace, service] })
      onClose()
    },
  })
  const faults: Record<string, string> = register.error instanceof Problem ? toldByField(register.error, words) : {}
  const isElsewhere = register.error !== null && Object.keys(faults).length === 0
  const field = (key: keyof typeof EMPTY) => ({
    value: form[key],
    fault: faults[key],
    onChange: (value: string) => setForm({ ...form, [key]: value }),
  })
  return (
    <Dialog wide title={text.registerTitle} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (typeof metadata !== 'number') register.mutate(metadata)
        }}
      >
        <p className="muted">{text.registerHint}</p>
        <div className="fields">
          <TextField label={text.host} required {...field('host')} />
          <TextField label={text.port} required inputMode="numeric" pattern="\d+" {...field('port')} />
          <TextField label={text.weight} required inputMode="numeric" pattern="\d+" hint={text.weightHint} {...field('weight')} />
          <TextField label={text.version} {...field('version')} />
          <TextField label={text.protocol} {...field('protocol')} />
          <TextField label={text.region} {...field('region')} />
          <TextField label={text.zone} {...field('zone')} />
          <TextField label={text.id} hint={text.idHint} {...field('id')} />
        </div>
        <AreaField
          label={text.metadata}
          hint={services.metadataHint}
          isCode
          {...field('metadata')}
          fault={typeof metadata === 'number' ? services.metadataLine(metadata) : faults.metadata}
        />
        {isElsewhere && <Fault>{told(register.error, words)}</Fault>}
        <div className="form-foot">
          <Button onClick={onClose}>{actions.cancel}</Button>
          <Button kind="primary" type="submit" disabled={register.isPending || typeof metadata === 'number'}>
            {text.register}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
