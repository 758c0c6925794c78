import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { ChangeKind } from '../api/client'
import { serviceNameFault } from '../api/name'
import type { Refused } from '../api/problem'
import { toldFault } from '../i18n/told'
import { useText } from '../i18n/use-text'
import { findServicesQuery } from '../services/queries'
import { useScope } from '../shell/scope'
import { localInput } from '../time/format'
import { parseMoment } from '../time/moment'
import { type Choice, ComboField } from '../ui/combo-field'
import { SelectField, TextField } from '../ui/field'
import { seenQuery } from './queries'

export const KINDS = ['namespace', 'service', 'instance', 'routing_rule', 'nearby_rule', 'rate_limit_rule', 'event'] as const satisfies readonly ChangeKind[]

/** What the log is filtered by, as in the address. */
export type Filters = Partial<Record<'kind' | 'service' | 'rule' | 'actor' | 'since' | 'until', string | undefined>>

interface Props {
  filters: Filters
  set: (change: Filters) => void
}

/** What the log is filtered by: each filter holds shortly after one typed it. */
export function ChangeFilters({ filters, set }: Props) {
  const { changes: text } = useText()
  const { namespace } = useScope()
  const { data: seen = { rules: [], actors: [] } } = useQuery(seenQuery(namespace))
  return (
    <>
      <div className="tools filters">
        <SelectField
          label={text.kind}
          value={KINDS.find((one) => one === filters.kind) ?? ''}
          onChange={(kind) => set({ kind: kind || undefined })}
          options={[['', text.anyKind], ...KINDS.map((one) => [one, text.kinds[one]] as const)]}
        />
        <ServiceFilter value={filters.service} onChoose={(service) => set({ service })} />
        <Filter label={text.rule} value={filters.rule} choices={seen.rules} faultOf={serviceNameFault} onChoose={(rule) => set({ rule })} />
        <Filter label={text.actor} value={filters.actor} choices={seen.actors} onChoose={(actor) => set({ actor })} />
        <TimeFilter label={text.since} value={filters.since} onChoose={(since) => set({ since })} />
        <TimeFilter label={text.until} value={filters.until} onChoose={(until) => set({ until })} />
      </div>
      <p className="muted small filters-note">{text.whole}</p>
    </>
  )
}

function ServiceFilter({ value, onChoose }: Pick<FilterProps, 'value' | 'onChoose'>) {
  const { changes: text } = useText()
  const [word, setWord] = useState('')
  const { data } = useQuery({ ...findServicesQuery(word), enabled: serviceNameFault(word) === undefined || word === '' })
  const names = new Set(data?.items.map(({ name }) => name))
  return (
    <Filter label={text.service} value={value} choices={[...names].map((name) => ({ value: name }))} faultOf={serviceNameFault} onType={setWord} onChoose={onChoose} />
  )
}

/** What is typed holds after this long a pause. */
const PAUSE_MS = 500

interface FilterProps {
  label: string
  value: string | undefined
  choices: readonly Choice[]
  /** Why nothing could be found by a text. */
  faultOf?: (text: string) => Refused | undefined
  onType?: (text: string) => void
  onChoose: (value: string | undefined) => void
}

/** A filter that holds when it is chosen, on Enter, when one leaves it, or after a pause. */
function Filter({ label, value = '', choices, faultOf, onType, onChoose }: FilterProps) {
  const text = useText()
  const [typed, setTyped] = useState(value)
  const [inForce, setInForce] = useState(value)
  // The address changed by other means than this field.
  if (value !== inForce) {
    setInForce(value)
    if (value !== typed.trim()) setTyped(value)
  }
  const word = typed.trim()
  const fault = word === '' ? undefined : faultOf?.(word)
  const isChanged = !fault && word !== value
  useEffect(() => {
    if (!isChanged) return undefined
    const timer = setTimeout(() => onChoose(word || undefined), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [isChanged, word, onChoose])
  function type(next: string) {
    setTyped(next)
    onType?.(next.trim())
    // Of what is chosen there is no more to type.
    if (choices.some((one) => one.value === next)) onChoose(next)
  }
  return (
    <ComboField
      label={label}
      value={typed}
      fault={fault && toldFault(fault, text)}
      choices={choices}
      onChange={type}
      onDone={() => isChanged && onChoose(word || undefined)}
    />
  )
}

function TimeFilter({ label, value, onChoose }: Pick<FilterProps, 'label' | 'value' | 'onChoose'>) {
  const moment = value === undefined ? undefined : parseMoment(value)
  const shown = moment?.is === 'time' ? localInput(moment.at) : ''
  return (
    <TextField
      label={label}
      type="datetime-local"
      step={1}
      value={shown}
      onChange={(text) => onChoose(text ? new Date(text).toISOString() : undefined)}
    />
  )
}
