import { useId, useRef, useState } from 'react'
import type { Instance } from '../api/client'
import { endpoint } from '../changes/summary'
import { useText } from '../i18n/use-text'
import type { WriteOutcome } from './writes'

interface Props {
  instance: Instance
  /** Sets another weight than the one that an instance was shown with. */
  onWeigh: (shown: Instance, weight: number) => Promise<WriteOutcome>
}

/** What is typed and not written yet, over what was shown when typing began. */
interface Typed {
  text: string
  over: Instance
}

const MAX = 10_000

/** A weight that is changed in its place: Enter or leaving writes, Escape takes back. */
export function WeightCell({ instance, onWeigh }: Props) {
  const { instances: text, forms } = useText()
  const fault = useId()
  const [typed, setTyped] = useState<Typed | null>(null)
  const asked = useRef<Typed | null>(null)
  /** Ends with the last write that was asked for, and with what it left. */
  const written = useRef<Promise<Instance | undefined>>(Promise.resolve(undefined))
  const value = typed?.text ?? String(instance.weight)
  const isValid = /^\d+$/.test(value) && Number(value) <= MAX

  function type(next: string) {
    setTyped({ text: next, over: typed?.over ?? instance })
  }

  function write() {
    // Leaving asks again for what Enter asked for.
    if (typed === null || !isValid || asked.current === typed) return
    asked.current = typed
    written.current = written.current.then(async (before) => {
      const after = await weigh(typed, before)
      if (asked.current === typed) asked.current = null
      return after
    })
  }

  async function weigh({ text: next, over }: Typed, before: Instance | undefined): Promise<Instance | undefined> {
    // What was typed while an own write was under way is meant to follow it.
    const shown = before && before.revision > over.revision ? before : over
    const weight = Number(next)
    const outcome: WriteOutcome = weight === shown.weight ? { is: 'written', instance: shown } : await onWeigh(shown, weight)
    if (outcome.is !== 'failed') setTyped((now) => (now?.text === next ? null : now))
    return outcome.is === 'written' ? outcome.instance : before
  }
  const registered = instance.registered?.weight
  const isOverridden = registered !== undefined && registered !== instance.weight
  return (
    <>
      <input
        className={isOverridden ? 'weight num weight-set' : 'weight num'}
        aria-label={text.weightOf(endpoint(instance))}
        aria-invalid={isValid ? undefined : true}
        aria-describedby={isValid ? undefined : fault}
        title={isOverridden ? text.overridden(registered) : text.weightHint}
        inputMode="numeric"
        autoComplete="off"
        value={value}
        onChange={(event) => type(event.target.value)}
        onFocus={(event) => event.target.select()}
        // What is no weight stays, with what is wrong with it, until it is mended or taken back.
        onBlur={write}
        onKeyDown={(event) => {
          if (event.key === 'Enter') write()
          if (event.key === 'Escape') setTyped(null)
        }}
      />
      {!isValid && (
        <span id={fault} className="weight-fault" role="alert">
          {forms.whole(value, 0, MAX)}
        </span>
      )}
    </>
  )
}
