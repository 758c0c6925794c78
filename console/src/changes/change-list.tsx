import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useLayoutEffect, useRef, useState } from 'react'
import type { Change } from '../api/client'
import { useText } from '../i18n/use-text'
import { Clock } from '../time/time'
import { Icon } from '../ui/icon'
import { ChangeDetails } from './change-details'
import { gravity, summarize } from './summary'

interface Props {
  changes: Change[]
  /** Whether to say which namespace each is of. */
  hasSubject?: boolean
  /** The revision of the change that is shown open, if the address says which. */
  open?: string | undefined
  onOpen?: (revision: string | undefined) => void
}

const ROW_PX = 34

/** Changes, newest first; each opens to show what it changed. Any number of them stays fluid. */
export function ChangeList({ changes, hasSubject = true, open, onOpen }: Props) {
  const text = useText()
  const [inner, setInner] = useState<string | undefined>()
  const shown = onOpen ? open : inner
  const setOpen = onOpen ?? setInner
  const list = useRef<HTMLUListElement>(null)
  const [top, setTop] = useState(0)
  useLayoutEffect(() => {
    if (list.current) setTop(list.current.getBoundingClientRect().top + window.scrollY)
  }, [])
  const virtual = useWindowVirtualizer({
    count: changes.length,
    estimateSize: () => ROW_PX,
    overscan: 16,
    scrollMargin: top,
    getItemKey: (index) => changes[index]?.revision ?? index,
  })
  return (
    <ul ref={list} className="changes" style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map(({ index, key, start }) => {
        const change = changes[index]
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
            <button
              type="button"
              className="change-head"
              aria-expanded={isOpen}
              onClick={() => setOpen(isOpen ? undefined : revision)}
            >
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
            {isOpen && <ChangeDetails change={change} />}
          </li>
        )
      })}
    </ul>
  )
}
