import { describe, expect, it } from 'vitest'
import type { RoutingTest } from './rule-tests'
import { areRowsOf, nextId, rowsOf } from './test-rows'

const test = (service: string): RoutingTest => ({ request: { to: { service } }, expect: { verdict: 'routed' } })
const [a, b, c] = [test('a'), test('b'), test('c')] as const
const rows = rowsOf([], [a, b, c])
const ids = (tests: RoutingTest[]) => rowsOf(rows, tests).map(({ id }) => id)

describe('rowsOf', () => {
  it('gives each test an id of its own, also to those that say the same', () => {
    expect(rowsOf([], [a, a]).map(({ id }) => id)).toEqual([1, 2])
    expect(areRowsOf(rows, [a, b, c])).toBe(true)
    expect(areRowsOf(rows, [a, test('b'), c])).toBe(false)
    expect(areRowsOf(rows, [a, b])).toBe(false)
  })

  it('keeps the ids of those that stay when one goes, comes or is changed', () => {
    expect(ids([b, c])).toEqual([2, 3])
    expect(ids([a, c])).toEqual([1, 3])
    expect(ids([a, b, c, test('b')])).toEqual([1, 2, 3, nextId(rows)])
    expect(ids([a, test('d'), c])).toEqual([1, 2, 3])
  })

  it('knows those again that are read anew, and gives no id away that another one has', () => {
    expect(ids([test('c'), test('a')])).toEqual([3, 1])
    expect(ids([test('d'), test('a'), test('b'), test('c')])).toEqual([4, 1, 2, 3])
    expect(rowsOf(rowsOf(rows, [b, c]), [a, b, c]).map(({ id }) => id)).toEqual([4, 2, 3])
  })
})
