import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useCallback, useLayoutEffect, useState } from 'react'

/** Fewer rows than these are all in the page: finding in it and printing work as everywhere. */
const VIRTUAL_FROM = 75

/** The height of rows before any was seen. */
const ROW_PX = 80

interface VisibleRows {
  /** The rows to show: from the first one to before the last one. */
  first: number
  last: number
  /** The room that those before and behind them take, in pixels. */
  before: number
  behind: number
  /** To be told each row that is shown, which has its index as `data-index`; none if all are. */
  measure: ((row: HTMLElement | null) => void) | undefined
  /** Scrolls to a row. */
  reveal: (index: number) => void
}

/** Which rows of a list that scrolls with the window are in sight; they have whatever heights. */
export function useVisibleRows(list: RefObject<HTMLElement | null>, keys: readonly string[]): VisibleRows {
  const [{ top, height }, setPlace] = useState({ top: 0, height: ROW_PX })
  const isVirtual = keys.length >= VIRTUAL_FROM
  useLayoutEffect(() => {
    const rows = [...(list.current?.children ?? [])].map((row) => row.getBoundingClientRect())
    const [first] = rows
    if (!isVirtual || !first) return
    // Rows that were not in sight are taken for as high as the others are, so that little moves when they are.
    setPlace({ top: Math.round(first.top + window.scrollY), height: rows.reduce((sum, row) => sum + row.height, 0) / rows.length })
  }, [list, isVirtual])
  const virtual = useWindowVirtualizer<HTMLElement>({
    count: keys.length,
    estimateSize: () => height,
    getItemKey: useCallback((index: number) => keys[index] ?? index, [keys]),
    overscan: 6,
    scrollMargin: top,
    enabled: isVirtual,
  })
  const reveal = (index: number) => virtual.scrollToIndex(index, { align: 'center' })
  if (!isVirtual) return { first: 0, last: keys.length, before: 0, behind: 0, measure: undefined, reveal }
  const rows = virtual.getVirtualItems()
  const [begin, end] = [rows[0], rows.at(-1)]
  return {
    first: begin?.index ?? 0,
    last: (end?.index ?? -1) + 1,
    before: begin ? begin.start - top : 0,
    behind: virtual.getTotalSize() - (end ? end.end - top : 0),
    measure: virtual.measureElement,
    reveal,
  }
}
