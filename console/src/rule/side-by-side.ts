import type { DiffLine } from '../ui/diff'

/** One row of a comparison: what each side has there, and what of it is different. */
export interface SideRow {
  left: string | undefined
  right: string | undefined
  isChanged: boolean
}

/** The lines of a difference as rows of two sides, with what was replaced beside what it was replaced by. */
export function sideBySide(lines: readonly DiffLine[]): SideRow[] {
  const rows: SideRow[] = []
  let removed: string[] = []
  let added: string[] = []
  const flush = () => {
    for (let at = 0; at < Math.max(removed.length, added.length); at += 1) {
      rows.push({ left: removed[at], right: added[at], isChanged: true })
    }
    removed = []
    added = []
  }
  for (const { sign, text } of lines) {
    if (sign === '-') removed.push(text)
    else if (sign === '+') added.push(text)
    else {
      flush()
      rows.push({ left: text, right: text, isChanged: false })
    }
  }
  flush()
  return rows
}
