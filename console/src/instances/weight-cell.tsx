import { useState } from 'react'
import type { Instance } from '../api/client'
import { endpoint } from '../changes/summary'
import { useText } from '../i18n/use-text'

interface Props {
  instance: Instance
  /** Resolves to whether it was written. */
  onWeigh: (weight: number) => Promise<boolean>
}

const MAX = 10_000

/** A weight that is changed in its place: Enter or leaving writes, Escape takes back. */
export function WeightCell({ instance, onWeigh }: Props) {
  const { instances: text } = useText()
  // What is typed and not written yet; live changes leave it alone.
  const [typed, setTyped] = useState<string | null>(null)
  const value = typed ?? String(instance.weight)
  const isValid = /^\d+$/.test(value) && Number(value) <= MAX

  async function write() {
    if (typed === null || !isValid) return
    if (Number(typed) === instance.weight || (await onWeigh(Number(typed)))) setTyped(null)
  }
  const registered = instance.registered?.weight
  const isOverridden = registered !== undefined && registered !== instance.weight
  return (
    <input
      className={isOverridden ? 'weight num weight-set' : 'weight num'}
      aria-label={text.weightOf(endpoint(instance))}
      aria-invalid={isValid ? undefined : true}
      title={isOverridden ? text.overridden(registered) : text.weightHint}
      inputMode="numeric"
      autoComplete="off"
      value={value}
      onChange={(event) => setTyped(event.target.value)}
      onFocus={(event) => event.target.select()}
      onBlur={() => (isValid ? void write() : setTyped(null))}
      onKeyDown={(event) => {
        if (event.key === 'Enter') void write()
        if (event.key === 'Escape') setTyped(null)
      }}
    />
  )
}
