import type { FocusEvent } from 'react'
import type { Dictionary } from '../i18n/en'
import { useText } from '../i18n/use-text'
import type { EntriesFault } from './entries'
import { AreaField } from './field'

/** Why lines say no entries, in the language that is chosen. */
export function toldEntries(fault: EntriesFault, { forms: text }: Dictionary): string {
  if (fault.is === 'twice') return text.entriesTwice(fault.key)
  return fault.is === 'quote' ? text.entriesQuote(fault.line) : text.entriesLine(fault.line)
}

interface Props {
  label: string
  fault?: string | undefined
  rows?: number
  value: string
  onChange: (lines: string) => void
  onBlur?: (event: FocusEvent) => void
}

/** Where entries are typed, one a line. */
export function EntriesField(props: Props) {
  const { forms } = useText()
  return <AreaField hint={forms.entriesHint} isCode {...props} />
}
