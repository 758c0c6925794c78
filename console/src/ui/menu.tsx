import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react'
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
  icon?: IconName
  children?: ReactNode
  align?: 'start' | 'end'
}

/** A button that opens a list of actions; arrows move, Escape closes. */
export function Menu({ label, items, icon, children, align = 'end' }: Props) {
  const [isOpen, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const id = useId()
  useEffect(() => {
    if (!isOpen) return undefined
    root.current?.querySelector<HTMLElement>('[role^=menuitem]')?.focus()
    const closeOutside = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false)
    }
    document.addEventListener('pointerdown', closeOutside)
    return () => document.removeEventListener('pointerdown', closeOutside)
  }, [isOpen])

  function close() {
    setOpen(false)
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
        {...(icon ? { icon } : {})}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        {children}
      </Button>
      {isOpen && (
        <div id={id} role="menu" tabIndex={-1} aria-label={label} className={`menu-list menu-${align}`} onKeyDown={move}>
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
