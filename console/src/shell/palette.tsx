import { useQuery } from '@tanstack/react-query'
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'react'
import { useText } from '../i18n/use-text'
import { findServicesQuery } from '../services/queries'
import { Icon } from '../ui/icon'
import { pageActions } from './page-actions'
import { type Entry, useEntries } from './palette-entries'

/** Goes to any page or service, and runs what has no page. */
export function Palette({ onClose }: { onClose: () => void }) {
  const { palette: text } = useText()
  const dialog = useRef<HTMLDialogElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const [query, setQuery] = useState('')
  const [at, setAt] = useState(0)
  const [here] = useState(() => pageActions(document.querySelector('#main')))
  const id = useId()
  const word = query.trim()
  const { data: found } = useQuery({ ...findServicesQuery(word), placeholderData: (before) => before })
  const groups = useEntries(word, found?.items ?? [], here)
  const entries = groups.flatMap((group) => group.entries)
  const chosen = Math.min(at, entries.length - 1)

  // Closed while it is still in the page: only then does the browser know where the focus came from.
  useLayoutEffect(() => {
    const shown = dialog.current
    shown?.showModal()
    return () => shown?.close()
  }, [])
  useEffect(() => {
    list.current?.querySelector(`[data-at="${chosen}"]`)?.scrollIntoView({ block: 'nearest' })
  }, [chosen])

  function run(entry: Entry | undefined) {
    if (!entry) return
    onClose()
    entry.run()
  }

  return (
    <dialog
      ref={dialog}
      className="dialog palette"
      aria-label={text.label}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onPointerDown={(event) => {
        if (event.target === dialog.current) onClose()
      }}
    >
      <input
        className="palette-input"
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
        aria-label={text.label}
        placeholder={text.placeholder}
        autoComplete="off"
        spellCheck={false}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value)
          setAt(0)
        }}
        onKeyDown={(event) => {
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
          if (step === undefined && event.key !== 'Enter') return
          event.preventDefault()
          if (step === undefined) run(entries[chosen])
          else setAt((chosen + step + entries.length) % Math.max(1, entries.length))
        }}
      />
      <div id={id} ref={list} className="palette-list" role="listbox" aria-label={text.results}>
        {groups.map((group) => (
          <div key={group.name} role="group" aria-label={group.name}>
            <div className="palette-group" aria-hidden="true">
              {group.name}
            </div>
            {group.entries.map((entry) => {
              const place = entries.indexOf(entry)
              return (
                // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the input has the keys
                <div
                  key={entry.id}
                  id={`${id}-${place}`}
                  data-at={place}
                  role="option"
                  tabIndex={-1}
                  aria-selected={place === chosen}
                  className="palette-item"
                  onClick={() => run(entry)}
                >
                  <Icon name={entry.icon} />
                  <span className="grow clip">{entry.label}</span>
                  {entry.context && <span className="muted clip">{entry.context}</span>}
                </div>
              )
            })}
          </div>
        ))}
      </div>
      <p className={entries.length === 0 ? 'palette-list muted' : 'sr-only'} role="status">
        {entries.length === 0 ? text.nothing : ''}
      </p>
    </dialog>
  )
}
