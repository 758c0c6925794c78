import { useState } from 'react'
import { useText } from '../i18n/use-text'
import { TextField } from '../ui/field'
import { useFault, useReport } from './faults'

interface Props {
  label: string
  hint?: string
  /** Which number of the rule this is, as a JSON pointer. */
  at: string
  /** None where it may be left out, and is. */
  value: number | undefined
  onChange: (value: number) => void
  /** What happens when nothing is typed, where that is allowed. */
  onEmpty?: () => void
}

const WHOLE = /^\s*-?\d+\s*$/
const written = (value: number | undefined) => (value === undefined ? '' : String(value))

/** A whole number of a rule; what is none stays as it was typed, and is said to be none. */
export function NumberField({ label, hint, at, value, onChange, onEmpty }: Props) {
  const { services } = useText()
  const [typed, setTyped] = useState(written(value))
  const isEmpty = typed.trim() === ''
  const isRead = isEmpty ? onEmpty !== undefined : WHOLE.test(typed)
  const fault = useFault(at)
  useReport(at, isRead ? undefined : services.notNumber(typed))
  const [known, setKnown] = useState(value)
  if (known !== value) {
    setKnown(value)
    const meant = isEmpty ? undefined : Number(typed)
    if (meant !== value) setTyped(written(value))
  }
  return (
    <TextField
      label={label}
      hint={hint}
      fault={fault}
      data-at={at}
      inputMode="numeric"
      value={typed}
      onChange={(text) => {
        setTyped(text)
        if (text.trim() === '') onEmpty?.()
        else if (WHOLE.test(text)) onChange(Number(text))
      }}
    />
  )
}
