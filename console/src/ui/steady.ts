/** Rows as they were when somebody began to point at them, each as it is now. */
export interface Steady<Row> {
  rows: Row[]
  /** Rows that came, or that are kept though they went. */
  moved: number
}

/**
 * Keeps rows where they are while somebody points at them.
 *
 * A row that is still there shows its newest content; one that went stays as it was last, and one
 * that came waits.
 */
export function steady<Row>(held: Row[], fresh: Row[], key: (row: Row) => string): Steady<Row> {
  const newest = new Map(fresh.map((row) => [key(row), row]))
  const known = new Set(held.map(key))
  const gone = held.filter((row) => !newest.has(key(row))).length
  const came = fresh.filter((row) => !known.has(key(row))).length
  return { rows: held.map((row) => newest.get(key(row)) ?? row), moved: gone + came }
}
