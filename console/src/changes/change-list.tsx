import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react'
import type { Change } from '../api/client'
import { useText } from '../i18n/use-text'
import { Clock } from '../time/time'
import { Icon } from '../ui/icon'
import { ChangeDetails } from './change-details'
import { gravity, summarize } from './summary'
import { useHeld } from './use-held'

interface Props {
  changes: Change[]
  /** Whether to say which namespace each is of. */
  hasSubject?: boolean
  /** The revision of the change that is shown open, if the address says which. */
  open?: string | undefined
  onOpen?: (revision: string | undefined) => void
  /** How many changes are newer than these, and what reads them. */
  missed?: number
  onMissed?: () => void
}

const ROW_PX = 34

function onScroll(listener: () => void) {
  addEventListener('scroll', listener, { passive: true })
  return () => removeEventListener('scroll', listener)
}

/**
 * Changes, newest first; each opens to show what it changed. Any number of them stays fluid.
 *
 * They stay where they are while one points at them, reads one or has scrolled: those that come
 * wait until they are asked for. Changes of something else need another `key`.
 */
export function ChangeList({ changes, hasSubject = true, open, onOpen, missed = 0, onMissed }: Props) {
  const text = useText()
  const [inner, setInner] = useState<string | undefined>()
  const shown = onOpen ? open : inner
  const setOpen = onOpen ?? setInner
  const list = useRef<HTMLUListElement>(null)
  const [top, setTop] = useState(0)
  useLayoutEffect(() => {
    if (list.current) setTop(list.current.getBoundingClientRect().top + window.scrollY)
  }, [])
  const [isPointed, setPointed] = useState(false)
  const isBelow = useSyncExternalStore(onScroll, () => window.scrollY > top)
  const isRead = isPointed || shown !== undefined || isBelow
  const held = useHeld(changes, isRead)
  const waiting = held.waiting + missed
  useEffect(() => {
    if (!isRead && missed > 0) onMissed?.()
  }, [isRead, missed, onMissed])
  function showNewer() {
    if (isBelow) window.scrollTo({ top })
    if (missed > 0) onMissed?.()
    held.release()
  }
  const virtual = useWindowVirtualizer({
    count: held.shown.length,
    estimateSize: () => ROW_PX,
    overscan: 16,
    scrollMargin: top,
    getItemKey: (index) => held.shown[index]?.revision ?? index,
  })
  return (
    <div onPointerEnter={() => setPointed(true)} onPointerLeave={() => setPointed(false)}>
      {waiting > 0 && (
        <div className="newer">
          <button type="button" className="moved" onClick={showNewer}>
            {text.changes.newer(waiting)}
          </button>
        </div>
      )}
      <ul ref={list} className="changes" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const change = held.shown[index]
          if (!change) return null
          const revision = String(change.revision)
          const isOpen = shown === revision
          return (
            <li
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              className="change"
              style={{ transform: `translateY(${start - top}px)` }}
            >
              <Head change={change} hasSubject={hasSubject} isOpen={isOpen} onToggle={() => setOpen(isOpen ? undefined : revision)} />
              {isOpen && <ChangeDetails change={change} />}
            </li>
          )
        })}
      </ul>
    </div>
  )
}

interface HeadProps {
  change: Change
  hasSubject: boolean
  isOpen: boolean
  onToggle: () => void
}

/** What a change is, on one line that opens it. */
function Head({ change, hasSubject, isOpen, onToggle }: HeadProps) {
  const text = useText()
  return (
    <button type="button" className="change-head" aria-expanded={isOpen} onClick={onToggle}>
      <Icon name={isOpen ? 'down' : 'right'} size={12} />
      <span className={`gravity gravity-${gravity(change)}`} aria-hidden="true" />
      <span className="muted change-when">
        <Clock at={change.at} />
      </span>
      <span className="grow clip">{summarize(change, text)}</span>
      {hasSubject && <span className="muted clip wide-only change-where">{change.namespace}</span>}
      <span className="muted clip wide-only change-who">{change.actor}</span>
      <span className="muted num wide-only change-revision">{change.revision}</span>
    </button>
  )
}
