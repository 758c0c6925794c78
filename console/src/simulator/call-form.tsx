import { useQuery } from '@tanstack/react-query'
import { useText } from '../i18n/use-text'
import { findServicesQuery } from '../services/queries'
import { ComboField } from '../ui/combo-field'
import { TextField } from '../ui/field'
import { type Call, type FactKind, serviceText, type TextKey } from './call'
import { type CalleeRule, DraftField } from './draft-field'
import { Facts } from './facts'

interface Props {
  call: Call
  change: (call: Call) => void
  /** What was refused, by the field that it was said in. */
  faults: Record<string, string>
  /** Who calls the service, as far as is known. */
  callers: string[]
  /** Zones of the instances. */
  zones: string[]
  names: Record<FactKind, string[]>
  rules: CalleeRule[]
}

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The call that is tried out. */
export function CallForm({ call, change, faults, callers, zones, names, rules }: Props) {
  const { simulator: text } = useText()
  const callees = useServices(call.to)
  const others = useServices(call.from)
  const field = (key: TextKey) => ({
    value: call[key],
    fault: faults[key],
    // An instance that is asked about is one of the service that was called.
    onChange: (value: string) => change({ ...call, ...(key === 'to' ? { instance: '' } : {}), [key]: value }),
  })
  const isFar = [call.ip, call.region, call.zone, call.campus, call.exclude].some((value) => value !== '')
  return (
    <form className="call-form" aria-label={text.call} onSubmit={(event) => event.preventDefault()}>
      <ComboField label={text.to} placeholder={text.serviceExample} choices={choices(callees)} {...field('to')} />
      <ComboField label={text.from} placeholder={text.anybody} choices={choices([...callers, ...others])} {...field('from')} />
      <div className="method-and-path">
        <ComboField label={text.method} choices={choices(METHODS)} {...field('method')} />
        <TextField label={text.path} {...field('path')} />
      </div>
      <Facts facts={call.facts} change={(facts) => change({ ...call, facts })} names={names} />
      <details className="fold" open={isFar}>
        <summary>{text.where}</summary>
        <div className="fields">
          <TextField label={text.region} {...field('region')} />
          <ComboField label={text.zone} choices={choices(zones)} {...field('zone')} />
          <TextField label={text.campus} {...field('campus')} />
          <TextField label={text.ip} {...field('ip')} />
        </div>
        <TextField label={text.exclude} hint={text.excludeHint} {...field('exclude')} />
      </details>
      <DraftField call={call} rules={rules} fault={faults.draft} change={(draft) => change({ ...call, draft })} />
    </form>
  )
}

export const choices = (values: string[]) => [...new Set(values)].map((value) => ({ value }))

/** Services whose names have what was typed after the namespace. */
export function useServices(typed: string): string[] {
  const { data } = useQuery(findServicesQuery(typed.slice(typed.indexOf('/') + 1).trim()))
  return (data?.items ?? []).map(({ namespace, name }) => serviceText(namespace, name))
}
