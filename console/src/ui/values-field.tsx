import { useId, useState } from 'react'
import { useText } from '../i18n/use-text'
import { Button } from './button'
import { type Choice, ComboField } from './combo-field'

interface Props {
  label: string
  fault?: string | undefined
  at?: string
  values: readonly string[]
  choices: readonly Choice[]
  onChange: (values: string[]) => void
}

/** A list of texts: Enter adds what is typed, and so does leaving the field. */
export function ValuesField({ label, fault, at, values, choices, onChange }: Props) {
  const { rules: text } = useText()
  const [typed, setTyped] = useState('')
  const id = useId()
  function add() {
    const value = typed.trim()
    setTyped('')
    if (value !== '' && !values.includes(value)) onChange([...values, value])
  }
  return (
    <div className="values" role="group" aria-labelledby={id}>
      <span id={id} className="sr-only">
        {label}
      </span>
      {values.length > 0 && (
        <ul className="values-list">
          {values.map((value) => (
            <li key={value} className="value">
              <code className="clip">{value}</code>
              <Button
                kind="ghost"
                icon="close"
                aria-label={text.removeValue(value)}
                onClick={() => onChange(values.filter((one) => one !== value))}
              />
            </li>
          ))}
        </ul>
      )}
      <ComboField
        label={text.addValue}
        isLabelHidden
        placeholder={text.addValue}
        fault={fault}
        at={at}
        value={typed}
        choices={choices.filter(({ value }) => !values.includes(value))}
        onChange={setTyped}
        onDone={add}
      />
    </div>
  )
}
