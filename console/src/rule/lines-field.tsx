import { useState } from 'react'
import { useText } from '../i18n/use-text'
import { type Entries, entriesText, readEntries } from '../ui/entries'
import { EntriesField, toldEntries } from '../ui/entries-field'
import { useFault, useReport } from './faults'
import { isSame } from './merge'

interface Props {
  label: string
  /** Which entries of the rule these are, as a JSON pointer. */
  at: string
  rows?: number
  value: Entries
  onChange: (value: Entries) => void
}

/** Entries of a rule, one a line; a line that is none stays as it was typed, and is said to be none. */
export function LinesField({ label, at, rows, value, onChange }: Props) {
  const text = useText()
  const [typed, setTyped] = useState(() => entriesText(value))
  const { entries, fault } = readEntries(typed)
  // They were changed by other means than these lines.
  if (entries && !isSame(entries, value)) setTyped(entriesText(value))
  useReport(at, fault && toldEntries(fault, text))
  return (
    <div data-at={at}>
      <EntriesField
        label={label}
        fault={useFault(at, true)}
        value={typed}
        {...(rows === undefined ? {} : { rows })}
        onChange={(next) => {
          setTyped(next)
          const read = readEntries(next)
          if (read.entries) onChange(read.entries)
        }}
      />
    </div>
  )
}
