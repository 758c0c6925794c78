import { useState } from 'react'
import { useText } from '../i18n/use-text'
import { AreaField } from '../ui/field'
import { useFault, useReport } from './faults'
import { isSame } from './merge'

interface Props<Spec> {
  spec: Spec
  onChange: (spec: Spec) => void
  isReadOnly: boolean
}

const textOf = (spec: unknown) => JSON.stringify(spec, null, 2)

/** The document of a rule as text: what is typed here is in the form, and the other way round. */
export function JsonView<Spec extends object>({ spec, onChange, isReadOnly }: Props<Spec>) {
  const { rules: text } = useText()
  const [typed, setTyped] = useState(() => textOf(spec))
  const [meant, setMeant] = useState<Spec>(spec)
  const [fault, setFault] = useState<string>()
  const refusal = useFault('', true)
  useReport('/', fault)
  // The form changed it, or what was typed was discarded.
  if (meant !== spec && !isSame(meant, spec)) {
    setMeant(spec)
    setTyped(textOf(spec))
    setFault(undefined)
  }
  function change(next: string) {
    setTyped(next)
    try {
      const value: unknown = JSON.parse(next)
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        setFault(text.notObject)
        return
      }
      setFault(undefined)
      setMeant(value as Spec)
      onChange(value as Spec)
    } catch (error) {
      setFault(error instanceof Error ? text.notJson(error.message) : String(error))
    }
  }
  return (
    <fieldset className="plain" disabled={isReadOnly}>
      <AreaField
        label={text.document}
        hint={text.documentHint}
        fault={fault ?? refusal}
        isCode
        rows={Math.min(40, typed.split('\n').length + 1)}
        value={typed}
        onChange={change}
      />
    </fieldset>
  )
}
