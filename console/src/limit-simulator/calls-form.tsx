import { useText } from '../i18n/use-text'
import type { FactKind, TextKey } from '../simulator/call'
import { choices, METHODS, useServices } from '../simulator/call-form'
import { Facts } from '../simulator/facts'
import { Button } from '../ui/button'
import { ComboField } from '../ui/combo-field'
import { AreaField, TextField } from '../ui/field'
import { SEQUENCE_KEYS } from './keys'
import type { Calls } from './typed'

interface Props {
  calls: Calls
  change: (calls: Calls) => void
  /** What was refused, by the field that it was said in. */
  faults: Record<string, string>
  names: Record<FactKind, string[]>
}

/** The calls that are tried out, and a limit to try them with. */
export function CallsForm({ calls, change, faults, names }: Props) {
  const { simulator: text, limitSimulator: words } = useText()
  const field = (key: TextKey) => ({
    value: calls[key],
    fault: faults[key],
    onChange: (value: string) => change({ ...calls, [key]: value }),
  })
  const callees = choices(useServices(calls.to))
  const callers = choices(useServices(calls.from))
  return (
    <form className="call-form" aria-label={text.call} onSubmit={(event) => event.preventDefault()}>
      <ComboField label={text.to} placeholder={text.serviceExample} choices={callees} {...field('to')} />
      <ComboField label={text.from} placeholder={text.anybody} choices={callers} {...field('from')} />
      <div className="method-and-path">
        <ComboField label={text.method} choices={choices(METHODS)} {...field('method')} />
        <TextField label={text.path} {...field('path')} />
      </div>
      <TextField label={text.ip} {...field('ip')} />
      <Facts facts={calls.facts} change={(facts) => change({ ...calls, facts })} names={names} />
      {SEQUENCE_KEYS.map((key) => (
        <TextField
          key={key}
          label={words[key]}
          inputMode="numeric"
          placeholder={key === 'over_ms' ? '0' : '1'}
          value={calls[key]}
          fault={faults[key]}
          onChange={(typed) => change({ ...calls, [key]: typed.replaceAll(/\D/g, '') })}
        />
      ))}
      <details className="fold" open={calls.draft !== ''}>
        <summary>{text.draft}</summary>
        <AreaField label={text.draftText} hint={words.draftHint} rows={calls.draft ? 14 : 4} isCode {...field('draft')} />
        {calls.draft && <Button onClick={() => change({ ...calls, draft: '' })}>{text.draftDrop}</Button>}
      </details>
    </form>
  )
}
