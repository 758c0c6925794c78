import { type KeyboardEvent, useEffect, useId, useState } from 'react'
import type { Dictionary } from '../i18n/en'
import { useText } from '../i18n/use-text'
import { Icon } from '../ui/icon'
import { focusFirstRow } from '../ui/rows'
import { complete, type Fault, type Grammar, parseSearch, suggest } from './tokens'

interface Props {
  /** The search in force, as in the address. */
  value: string
  onSearch: (text: string) => void
  grammar: Grammar
  /** The token that a plain word stands for. */
  wordIs?: string
  example: string
}

/** Typing searches after this long a pause. */
const PAUSE_MS = 250

/** A field that takes words and tokens, and offers what may come next. */
export function SearchField({ value, onSearch, grammar, wordIs, example }: Props) {
  const { search: text } = useText()
  const [typed, setTyped] = useState(value)
  const [inForce, setInForce] = useState(value)
  const [at, setAt] = useState(-1)
  const [isOpen, setOpen] = useState(false)
  const id = useId()
  // The address changed by other means than this field.
  if (value !== inForce) {
    setInForce(value)
    if (value !== typed.trim()) setTyped(value)
  }
  useEffect(() => {
    const search = typed.trim()
    if (search === value) return undefined
    const timer = setTimeout(() => onSearch(search), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [typed, value, onSearch])

  const suggestions = isOpen ? suggest(typed, grammar) : []
  const faults = parseSearch(typed, grammar, wordIs).faults
  const isShown = suggestions.length > 0
  function take(suggestion: string) {
    setTyped(complete(typed, suggestion))
    setAt(-1)
  }
  /** Takes back what is open, then what is typed, then the focus. */
  function escape(field: HTMLInputElement) {
    if (isShown) setOpen(false)
    else if (typed !== '') setTyped('')
    else field.blur()
  }
  function press(event: KeyboardEvent<HTMLInputElement>) {
    const chosen = suggestions[at]
    if (event.key === 'Escape') escape(event.currentTarget)
    else if (event.key === 'Enter' && chosen) take(chosen)
    else if (event.key === 'Enter') {
      setOpen(false)
      onSearch(typed.trim())
    } else if (event.key === 'ArrowDown' && isShown) setAt((at + 1) % suggestions.length)
    else if (event.key === 'ArrowDown' && !focusFirstRow()) return
    else if (event.key === 'ArrowDown') setOpen(false)
    else if (event.key === 'ArrowUp' && isShown) setAt(at <= 0 ? suggestions.length - 1 : at - 1)
    else return
    event.preventDefault()
  }
  return (
    <search className="search">
      <Icon name="search" />
      <input
        className="input"
        role="combobox"
        aria-label={text.label}
        aria-expanded={isShown}
        aria-controls={isShown ? id : undefined}
        aria-activedescendant={at >= 0 && isShown ? `${id}-${at}` : undefined}
        aria-invalid={faults.length > 0 && !isShown ? true : undefined}
        placeholder={wordIs === 'ip' ? text.hintAddress(example) : text.hint(example)}
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value)
          setOpen(true)
          setAt(-1)
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={press}
      />
      {isShown && (
        <div id={id} className="suggestions" role="listbox" aria-label={text.suggestions}>
          {suggestions.map((suggestion, index) => (
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the input has the keys
            <div
              key={suggestion}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              className="suggestion"
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => take(suggestion)}
            >
              <code>{suggestion}</code>
              <span className="muted clip">{explain(suggestion, text.tokens)}</span>
            </div>
          ))}
        </div>
      )}
      {faults[0] && !isShown && (
        <p className="field-fault" role="alert">
          {tell(faults[0], text)}
        </p>
      )}
    </search>
  )
}

function explain(suggestion: string, tokens: Dictionary['search']['tokens']): string {
  const entry = Object.entries(tokens).find(([key]) => suggestion === `${key}:` || suggestion === `${key}.`)
  return entry?.[1] ?? ''
}

function tell(fault: Fault, text: Dictionary['search']): string {
  if (fault.is === 'oneWord') return text.oneWord
  if (fault.is === 'value') return text.value(fault.key, fault.allowed.join(', '))
  return text[fault.is](fault.key)
}
