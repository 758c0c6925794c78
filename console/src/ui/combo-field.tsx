import { type KeyboardEvent, useId, useState } from 'react'

export interface Choice {
  value: string
  /** What sets it apart, such as how many have it. */
  context?: string | undefined
}

interface Props {
  label: string
  /** The label is there for those who hear the page, and not seen. */
  isLabelHidden?: boolean
  hint?: string | undefined
  fault?: string | undefined
  /** Which place of a document this is, as a JSON pointer. */
  at?: string
  value: string
  placeholder?: string
  choices: readonly Choice[]
  onChange: (value: string) => void
  /** Enter without a choice, and leaving the field. */
  onDone?: () => void
}

const SHOWN = 8

/** Choices for what is typed: those that begin with it, then those that have it in them. */
function fitting(choices: readonly Choice[], typed: string): Choice[] {
  const word = typed.toLowerCase()
  const found = choices.filter(({ value }) => value !== typed && value.toLowerCase().includes(word))
  const begins = ({ value }: Choice) => value.toLowerCase().startsWith(word)
  return [...found.filter(begins), ...found.filter((choice) => !begins(choice))].slice(0, SHOWN)
}

/** A field for any text, with what it may be to choose from. */
export function ComboField({ label, isLabelHidden = false, hint, fault, at, value, placeholder, choices, onChange, onDone }: Props) {
  const id = useId()
  const [isOpen, setOpen] = useState(false)
  const [chosen, setChosen] = useState(-1)
  const found = isOpen ? fitting(choices, value) : []
  const isShown = found.length > 0
  const note = fault ?? hint
  function take(choice: Choice) {
    onChange(choice.value)
    setOpen(false)
    setChosen(-1)
  }
  function press(event: KeyboardEvent) {
    const choice = found[chosen]
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (event.key === 'Escape' && isShown) setOpen(false)
    else if (event.key === 'Enter' && choice) take(choice)
    else if (event.key === 'Enter' && onDone) onDone()
    else if (step !== undefined && isShown) setChosen((chosen + step + found.length + (chosen < 0 && step < 0 ? 1 : 0)) % found.length)
    else if (step === 1) setOpen(true)
    else return
    event.preventDefault()
  }
  return (
    <div className="field combo">
      <label htmlFor={id} className={isLabelHidden ? 'sr-only' : undefined}>
        {label}
      </label>
      <input
        id={id}
        className="input"
        data-at={at}
        role="combobox"
        aria-expanded={isShown}
        aria-controls={isShown ? `${id}-list` : undefined}
        aria-activedescendant={isShown && chosen >= 0 ? `${id}-${chosen}` : undefined}
        aria-describedby={note ? `${id}-note` : undefined}
        aria-invalid={fault ? true : undefined}
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholder}
        value={value}
        onChange={(event) => {
          onChange(event.target.value)
          setOpen(true)
          setChosen(-1)
        }}
        onClick={() => setOpen(true)}
        onBlur={() => {
          setOpen(false)
          onDone?.()
        }}
        onKeyDown={press}
      />
      {isShown && (
        <div id={`${id}-list`} className="suggestions" role="listbox" aria-label={label}>
          {found.map((choice, index) => (
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the input has the keys
            <div
              key={choice.value}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              className="suggestion"
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => take(choice)}
            >
              <code>{choice.value}</code>
              {choice.context && <span className="muted clip">{choice.context}</span>}
            </div>
          ))}
        </div>
      )}
      {note && (
        <p id={`${id}-note`} className={fault ? 'field-fault' : 'field-hint'}>
          {note}
        </p>
      )}
    </div>
  )
}
