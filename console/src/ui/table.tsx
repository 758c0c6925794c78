import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef, useState } from 'react'
import { useText } from '../i18n/use-text'
import { HeaderCell } from './header-cell'
import { useNarrow } from './narrow'
import { steady } from './steady'

export interface Column<Row> {
  id: string
  header: string
  cell: (row: Row) => ReactNode
  /** A CSS width; columns without one share what is left. */
  width?: string
  align?: 'end'
  /** Left out where there is little room. */
  isMinor?: boolean
  /** What the server sorts by for this column, with a `-` if the largest come first at first. */
  sort?: string
}

interface Props<Row> {
  label: string
  /** What the rows are of, such as a search and a page: rows of something else never wait. */
  of?: string
  /** Whether the rows are still those of before, until those that are asked for come. */
  isStale?: boolean
  rows: Row[]
  columns: Column<Row>[]
  rowKey: (row: Row) => string
  /** How a row looks, as a class. */
  rowClass?: (row: Row) => string
  /** The columns may need more room than the page has: the table then scrolls sideways in its place. */
  isWide?: boolean
  /** Where there is little room, each row is a card with all its columns, placed by `[data-column]`. */
  hasCards?: boolean
  /** What the rows are sorted by, largest first with a `-`; none for the order of the server. */
  sort?: string | undefined
  onSort?: (sort: string | undefined) => void
}

const ROW_PX = 36
/** As in the style sheet. */
const CARD_PX = 136
/** Fewer rows than these are all in the page: finding in it and printing work as everywhere. */
const VIRTUAL_FROM = 120

/** A table that stays fluid with any number of rows, and still while one points at it. */
export function Table<Row>({ label, of = '', isStale = false, rows, columns, rowKey, rowClass, isWide = false, hasCards = false, sort, onSort }: Props<Row>) {
  const { table: text } = useText()
  const [isPointed, setPointed] = useState(false)
  const [held, setHeld] = useState<{ of: string; rows: Row[] } | null>(null)
  if (isPointed && !isStale && held?.of !== of) setHeld({ of, rows })
  if (!isPointed && held) setHeld(null)
  const shown = held?.of === of && !isStale ? steady(held.rows, rows, rowKey) : { rows, moved: 0 }
  const body = useRef<HTMLTableSectionElement>(null)
  const [top, setTop] = useState(0)
  useLayoutEffect(() => {
    if (body.current) setTop(body.current.getBoundingClientRect().top + window.scrollY)
  }, [])
  const rowPx = useNarrow() && hasCards ? CARD_PX : ROW_PX
  const isVirtual = shown.rows.length >= VIRTUAL_FROM
  const virtual = useWindowVirtualizer({
    count: shown.rows.length,
    estimateSize: () => rowPx,
    overscan: 12,
    scrollMargin: top,
    enabled: isVirtual,
  })
  useLayoutEffect(() => virtual.measure(), [virtual, rowPx])
  const visible = virtual.getVirtualItems()
  const first = isVirtual ? (visible[0]?.index ?? 0) : 0
  const last = isVirtual ? (visible.at(-1)?.index ?? -1) + 1 : shown.rows.length
  return (
    <div
      className={`table-scroll ${isWide ? 'table-wide' : ''} ${hasCards ? 'table-cards' : ''}`}
      role="region"
      aria-label={text.scroll(label)}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
      tabIndex={0}
      // The button is within: rows stay until it was reached.
      onPointerEnter={() => setPointed(true)}
      onPointerLeave={() => setPointed(false)}
    >
      {shown.moved > 0 && (
        <button type="button" className="moved" onClick={() => setHeld({ of, rows })}>
          {text.newRows(shown.moved)}
        </button>
      )}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- keys move between the controls in it */}
      <table
        className="table"
        aria-label={label}
        aria-rowcount={shown.rows.length + 1}
        onKeyDown={moveByRow}
      >
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <HeaderCell key={column.id} column={column} className={classOf(column)} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          <Spacer px={first * rowPx} columns={columns.length} />
          {shown.rows.slice(first, last).map((row, index) => (
            <tr key={rowKey(row)} className={rowClass?.(row)} aria-rowindex={first + index + 2}>
              {columns.map((column) => (
                <td key={column.id} className={classOf(column)} data-column={column.id} data-label={column.header}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
          <Spacer px={(shown.rows.length - last) * rowPx} columns={columns.length} />
        </tbody>
      </table>
    </div>
  )
}

/** Stands for rows that are out of sight. */
function Spacer({ px, columns }: { px: number; columns: number }) {
  if (px <= 0) return null
  return (
    <tr aria-hidden="true" className="spacer">
      {/* oxlint-disable-next-line jsx-a11y/control-has-associated-label -- hidden from those who would hear it */}
      <td colSpan={columns} style={{ height: px }} />
    </tr>
  )
}

function classOf({ align, isMinor }: { align?: 'end'; isMinor?: boolean }) {
  return `${align === 'end' ? 'end' : ''} ${isMinor ? 'minor' : ''}`.trim() || undefined
}

/** Arrows go to the same control of the next row. */
function moveByRow(event: KeyboardEvent<HTMLTableElement>) {
  const target = event.target as HTMLElement
  const isElsewhere = target.closest('input, dialog, [role=menu]') !== null
  if (isElsewhere || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return
  const row = target.closest('tr')
  const other = event.key === 'ArrowDown' ? row?.nextElementSibling : row?.previousElementSibling
  const controls = [...(row?.querySelectorAll<HTMLElement>('a, button') ?? [])]
  const others = [...(other?.querySelectorAll<HTMLElement>('a, button') ?? [])]
  const next = others[controls.indexOf(target)] ?? others[0]
  if (!next) return
  event.preventDefault()
  next.focus()
}
