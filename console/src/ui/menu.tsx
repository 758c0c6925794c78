import { type CSSProperties, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { Button } from './button'
import type { IconName } from './icon'

export interface MenuItem {
  label: string
  run: () => void
  isChosen?: boolean
  isDanger?: boolean
}

interface Props {
  label: string
  items: MenuItem[]
  icon: IconName
}

/** A button that opens a list of actions; arrows move, Escape closes. */
export function Menu({ label, items, icon }: Props) {
  // Where the list is, in the window: a table that scrolls would cut off what is placed in it.
  const [place, setPlace] = useState<CSSProperties | null>(null)
  const isOpen = place !== null
  const root = useRef<HTMLDivElement>(null)
  const id = useId()
  useEffect(() => {
    if (!isOpen) return undefined
    root.current?.querySelector<HTMLElement>('[role^=menuitem]')?.focus()
    const closeNow = () => setPlace(null)
    addEventListener('scroll', closeNow, { capture: true })
    return () => removeEventListener('scroll', closeNow, { capture: true })
  }, [isOpen])

  function open() {
    const button = root.current?.getBoundingClientRect()
    if (!button) return
    setPlace({ top: button.bottom + 4, right: document.documentElement.clientWidth - button.right })
  }

  function close() {
    setPlace(null)
    root.current?.querySelector('button')?.focus()
  }

  function move(event: KeyboardEvent) {
    if (event.key === 'Escape' || event.key === 'Tab') close()
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (event.key === 'Escape' || step !== undefined) event.preventDefault()
    if (step === undefined) return
    const entries = [...(root.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])]
    const at = entries.indexOf(document.activeElement as HTMLElement)
    entries.at((at + step) % entries.length)?.focus()
  }

  const isChoice = items.some((item) => item.isChosen !== undefined)
  return (
    <div className="menu" ref={root}>
      <Button
        kind="ghost"
        icon={icon}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => (isOpen ? close() : open())}
      />
      {isOpen && <div className="menu-behind" aria-hidden="true" onPointerDown={close} />}
      {isOpen && (
        <div id={id} role="menu" tabIndex={-1} aria-label={label} className="menu-list" style={place} onKeyDown={move}>
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role={isChoice ? 'menuitemradio' : 'menuitem'}
              aria-checked={isChoice ? item.isChosen === true : undefined}
              className={item.isDanger ? 'menu-item menu-danger' : 'menu-item'}
              onClick={() => {
                close()
                item.run()
              }}
            >
              {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  )
}
