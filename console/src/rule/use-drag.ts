import { type KeyboardEvent, type PointerEvent, type RefObject, useLayoutEffect, useRef, useState } from 'react'

interface Drag {
  list: RefObject<HTMLElement | null>
  keys: readonly string[]
  /** Brings a row into the page that is not, as it is far out of sight. */
  reveal: (index: number) => void
  move: (key: string, target: string) => void
  begin: () => void
  cancel: () => void
}

interface Handle {
  onPointerDown: (event: PointerEvent) => void
  onKeyDown: (event: KeyboardEvent) => void
}

/** The row that a pointer at a height has passed, going from the row of a key; rows have their places as `data-index`. */
function passed(list: HTMLElement, key: string, keys: readonly string[], y: number): string | undefined {
  const own = keys.indexOf(key)
  const rows = [...list.children].map((row) => {
    const { top, bottom } = row.getBoundingClientRect()
    return { index: Number((row as HTMLElement).dataset.index), middle: (top + bottom) / 2 }
  })
  const above = rows.find(({ index, middle }) => index < own && y < middle)
  const row = above ?? rows.findLast(({ index, middle }) => index > own && y > middle)
  return row && keys[row.index]
}

/** Moves the rows of a list by their handles: dragged, or with the arrow keys, Home and End. */
export function useDrag({ list, keys, reveal, move, begin, cancel }: Drag) {
  const [dragged, setDragged] = useState<string | null>(null)
  const focused = useRef<{ key: string; isRevealed: boolean } | null>(null)
  const latest = useRef({ keys, move, cancel })
  useLayoutEffect(() => {
    latest.current = { keys, move, cancel }
    // What is moved in the page loses the focus, which waits for a row that is not in it yet.
    const wanted = focused.current
    if (!wanted) return
    const handle = list.current?.querySelector<HTMLElement>(`:scope > [data-key="${CSS.escape(wanted.key)}"] .handle`)
    if (!handle && wanted.isRevealed) return
    focused.current = handle ? null : { ...wanted, isRevealed: true }
    if (handle) handle.focus()
    else reveal(keys.indexOf(wanted.key))
  })

  function drag(key: string) {
    begin()
    setDragged(key)
    const follow = (event: globalThis.PointerEvent) => {
      const target = list.current && passed(list.current, key, latest.current.keys, event.clientY)
      if (target) latest.current.move(key, target)
    }
    const end = () => {
      setDragged(null)
      removeEventListener('pointermove', follow)
      removeEventListener('pointerup', end)
      removeEventListener('keydown', press)
    }
    const press = (event: globalThis.KeyboardEvent) => {
      if (event.key !== 'Escape') return
      latest.current.cancel()
      end()
    }
    addEventListener('pointermove', follow)
    addEventListener('pointerup', end)
    addEventListener('keydown', press)
  }

  const handleOf = (key: string): Handle => ({
    onPointerDown: (event) => {
      if (event.button === 0) drag(key)
    },
    onKeyDown: (event) => {
      const at = keys.indexOf(key)
      const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: keys.length - 1 }[event.key]
      const target = to === undefined ? undefined : keys[to]
      if (to === undefined) return
      event.preventDefault()
      if (target === undefined) return
      focused.current = { key, isRevealed: false }
      move(key, target)
    },
  })
  return { dragged, handleOf }
}
