import { type KeyboardEvent, type PointerEvent, useLayoutEffect, useRef, useState } from 'react'

interface Drag {
  keys: string[]
  move: (key: string, target: string) => void
  begin: () => void
  cancel: () => void
}

interface Handle {
  onPointerDown: (event: PointerEvent) => void
  onKeyDown: (event: KeyboardEvent) => void
}

/** The row that a pointer at a height has passed, going from the row of a key. */
function passed(list: HTMLElement, key: string, keys: readonly string[], y: number): string | undefined {
  const own = keys.indexOf(key)
  for (const [index, other] of keys.entries()) {
    const box = list.querySelector(`[data-key="${CSS.escape(other)}"]`)?.getBoundingClientRect()
    if (!box || index === own) continue
    const middle = (box.top + box.bottom) / 2
    if (index < own && y < middle) return other
  }
  return keys.findLast((other, index) => {
    const box = list.querySelector(`[data-key="${CSS.escape(other)}"]`)?.getBoundingClientRect()
    return index > own && box !== undefined && y > (box.top + box.bottom) / 2
  })
}

/** Moves the rows of a list by their handles: dragged, or with the arrow keys, Home and End. */
export function useDrag({ keys, move, begin, cancel }: Drag) {
  const list = useRef<HTMLOListElement>(null)
  const [dragged, setDragged] = useState<string | null>(null)
  const focused = useRef<string | null>(null)
  const latest = useRef({ keys, move, cancel })
  useLayoutEffect(() => {
    latest.current = { keys, move, cancel }
    // What is moved in the page loses the focus.
    const key = focused.current
    if (key !== null) list.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"] .handle`)?.focus()
    focused.current = null
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
      focused.current = key
      move(key, target)
    },
  })
  return { list, dragged, handleOf }
}
