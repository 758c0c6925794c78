import { isSame } from '../rule/merge'
import type { RoutingTest } from './rule-tests'

/** A test in the list of those of a rule: tests have no name, so each gets an id for as long as it is there. */
export interface TestRow {
  id: number
  test: RoutingTest
}

/** The id of the next test that is added. */
export const nextId = (rows: readonly TestRow[]) => 1 + Math.max(0, ...rows.map(({ id }) => id))

/**
 * The rows of tests after they changed, here or elsewhere.
 *
 * A test that is there still keeps its id, wherever it is now; so does one that was changed in its place.
 */
export function rowsOf(known: readonly TestRow[], tests: readonly RoutingTest[]): TestRow[] {
  const free = new Set(known)
  const kept = new Map<number, number>()
  const claim = (isIt: (row: TestRow, test: RoutingTest, place: number) => boolean) => {
    for (const [place, test] of tests.entries()) {
      const row = kept.has(place) ? undefined : [...free].find((one) => isIt(one, test, place))
      if (!row) continue
      free.delete(row)
      kept.set(place, row.id)
    }
  }
  claim((row, test) => row.test === test)
  claim((row, test) => isSame(row.test, test))
  claim((row, _, place) => row === known[place])
  let next = nextId(known)
  return tests.map((test, place) => ({ id: kept.get(place) ?? next++, test }))
}

/** Whether these are the rows of just these tests. */
export const areRowsOf = (rows: readonly TestRow[], tests: readonly RoutingTest[]) =>
  rows.length === tests.length && rows.every(({ test }, place) => test === tests[place])
