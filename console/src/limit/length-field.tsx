import { useState } from 'react'
import { useText } from '../i18n/use-text'
import { NumberField } from '../rule/number-field'
import { SelectField } from '../ui/field'
import { UNIT_MS, type Unit, UNITS, unitOf } from './limit'

interface Props {
  label: string
  hint?: string
  /** The place in the rule, as a JSON pointer. */
  at: string
  /** In milliseconds. */
  value: number
  onChange: (ms: number) => void
}

/** A length of time, as a number and its unit. */
export function LengthField({ label, hint, at, value, onChange }: Props) {
  const { limits: text } = useText()
  const [chosen, setChosen] = useState<Unit>(() => unitOf(value))
  // What somebody else wrote may be no whole number in the unit that was chosen.
  const unit = value % UNIT_MS[chosen] === 0 ? chosen : unitOf(value)
  function change(next: Unit) {
    setChosen(next)
    onChange((value / UNIT_MS[unit]) * UNIT_MS[next])
  }
  return (
    <div className="length">
      <NumberField label={label} {...(hint ? { hint } : {})} at={at} value={value / UNIT_MS[unit]} onChange={(count) => onChange(count * UNIT_MS[unit])} />
      <SelectField
        label={text.unitOf(label)}
        value={unit}
        options={UNITS.map((one) => [one, text.units[one]] as const)}
        onChange={(next) => change(next as Unit)}
      />
    </div>
  )
}
