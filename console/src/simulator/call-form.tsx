import { useQuery } from '@tanstack/react-query'
import { useText } from '../i18n/use-text'
import { findServicesQuery } from '../services/queries'
import { TextField } from '../ui/field'
import { type Call, type FactKind, serviceText, type TextKey } from './call'
import { DraftField } from './draft-field'
import { Facts } from './facts'
import { SuggestField } from './suggest-field'

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
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The call that is tried out. */
export function CallForm({ call, change, faults, callers, zones, names }: Props) {
  const { simulator: text } = useText()
  const callees = useServices(call.to)
  const others = useServices(call.from)
  const field = (key: TextKey) => ({
    value: call[key],
    fault: faults[key],
    onChange: (value: string) => change({ ...call, [key]: value }),
  })
  const isFar = [call.ip, call.region, call.zone, call.campus, call.exclude].some((value) => value !== '')
  return (
    <form className="call-form" aria-label={text.call} onSubmit={(event) => event.preventDefault()}>
      <SuggestField label={text.to} required placeholder={text.serviceExample} suggestions={callees} {...field('to')} />
      <SuggestField label={text.from} placeholder={text.anybody} suggestions={[...callers, ...others]} {...field('from')} />
      <div className="method-and-path">
        <SuggestField label={text.method} suggestions={METHODS} {...field('method')} />
        <TextField label={text.path} {...field('path')} />
      </div>
      <Facts facts={call.facts} change={(facts) => change({ ...call, facts })} names={names} />
      <details className="more" open={isFar}>
        <summary>{text.where}</summary>
        <div className="fields">
          <TextField label={text.region} {...field('region')} />
          <SuggestField label={text.zone} suggestions={zones} {...field('zone')} />
          <TextField label={text.campus} {...field('campus')} />
          <TextField label={text.ip} {...field('ip')} />
        </div>
        <TextField label={text.exclude} hint={text.excludeHint} {...field('exclude')} />
      </details>
      <DraftField call={call} fault={faults.draft} change={(draft) => change({ ...call, draft })} />
    </form>
  )
}

/** Services whose names have what was typed after the namespace. */
function useServices(typed: string): string[] {
  const { data } = useQuery(findServicesQuery(typed.slice(typed.indexOf('/') + 1).trim()))
  return (data?.items ?? []).map(({ namespace, name }) => serviceText(namespace, name))
}
