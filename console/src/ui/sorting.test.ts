import { describe, expect, it } from 'vitest'
import { knownSort, nextSort, sortOf } from './sorting'

describe('nextSort', () => {
  it('goes from a column’s way to the other and to none', () => {
    for (const [by, ways] of [
      ['name', [undefined, 'name', '-name', undefined]],
      ['-count', [undefined, '-count', 'count', undefined]],
    ] as const) {
      for (const [index, next] of ways.slice(1).entries()) expect(nextSort(by, ways[index])).toBe(next)
    }
    expect(nextSort('name', '-count')).toBe('name')
  })
})

describe('sortOf', () => {
  it('tells the direction of the column that is sorted by', () => {
    expect(sortOf('-count', '-count')).toBe('descending')
    expect(sortOf('-count', 'count')).toBe('ascending')
    expect(sortOf('name', '-count')).toBe('none')
    expect(sortOf('name', undefined)).toBe('none')
  })
})

describe('knownSort', () => {
  it('is what some column sorts by', () => {
    const columns = [{ sort: 'name' }, {}]
    expect(knownSort(columns, '-name')).toBe('-name')
    expect(knownSort(columns, '-count')).toBeUndefined()
    expect(knownSort(columns, undefined)).toBeUndefined()
  })
})
