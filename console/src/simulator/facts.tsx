import { type KeyboardEvent, useId, useRef } from 'react'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { type FactKind, KINDS, type NamedFact } from './call'

interface Props {
  facts: NamedFact[]
  change: (facts: NamedFact[]) => void
  /** Names that rules ask for, of each kind. */
  names: Record<FactKind, string[]>
}

/** Headers and the like, a row each: Enter adds one, Backspace in an empty one takes it away. */
export function Facts({ facts, change, names }: Props) {
  const { simulator: text } = useText()
  const root = useRef<HTMLFieldSetElement>(null)
  const id = useId()
  const edit = (index: number, fact: Partial<NamedFact>) =>
    change(facts.map((one, at) => (at === index ? { ...one, ...fact } : one)))
  function focusLater(index: number, selector: string) {
    requestAnimationFrame(() => root.current?.querySelectorAll<HTMLElement>(selector)[index]?.focus())
  }
  function add(after: number) {
    const kind = facts[after]?.kind ?? 'headers'
    change(facts.toSpliced(after + 1, 0, { kind, name: '', value: '' }))
    focusLater(after + 1, '.fact-name')
  }
  function remove(index: number) {
    change(facts.toSpliced(index, 1))
    if (facts.length > 1) focusLater(Math.max(0, index - 1), '.fact-value')
    else focusLater(0, '.fact-add')
  }
  function press(event: KeyboardEvent, index: number, fact: NamedFact) {
    if (event.key === 'Enter') add(index)
    else if (event.key === 'Backspace' && fact.name === '' && fact.value === '') remove(index)
    else return
    event.preventDefault()
  }
  return (
    <fieldset className="facts-of-call" ref={root}>
      <legend>{text.facts}</legend>
      {facts.map((fact, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- rows have no other name, and hold no state
        <div key={index} className="fact-row" role="group" aria-label={text.factRow(index + 1)}>
          <select
            className="input"
            aria-label={text.kind}
            value={fact.kind}
            onChange={(event) => edit(index, { kind: event.target.value as FactKind })}
          >
            {KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {text.kinds[kind]}
              </option>
            ))}
          </select>
          <input
            className="input fact-name"
            aria-label={text.name}
            placeholder={text.name}
            autoComplete="off"
            spellCheck={false}
            list={`${id}-${index}`}
            value={fact.name}
            onChange={(event) => edit(index, { name: event.target.value })}
            onKeyDown={(event) => press(event, index, fact)}
          />
          <Suggestions id={`${id}-${index}`} of={names[fact.kind]} />
          <input
            className="input fact-value"
            aria-label={text.value}
            placeholder={text.value}
            autoComplete="off"
            spellCheck={false}
            value={fact.value}
            onChange={(event) => edit(index, { value: event.target.value })}
            onKeyDown={(event) => press(event, index, fact)}
          />
          <Button kind="ghost" icon="close" aria-label={text.remove(fact.name)} onClick={() => remove(index)} />
        </div>
      ))}
      <Button className="fact-add" icon="plus" onClick={() => add(facts.length - 1)}>
        {text.add}
      </Button>
    </fieldset>
  )
}

function Suggestions({ id, of }: { id: string; of: string[] }) {
  return (
    <datalist id={id}>
      {of.map((text) => (
        <option key={text} value={text}>
          {text}
        </option>
      ))}
    </datalist>
  )
}
