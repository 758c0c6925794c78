import { describe, expect, it } from 'vitest'
import { diffLines } from '../ui/diff'
import { sideBySide } from './side-by-side'

describe('sideBySide', () => {
  it('puts what was replaced beside what replaced it', () => {
    expect(sideBySide(diffLines({ a: 1, b: 2 }, { a: 1, b: 3, c: 4 }))).toEqual([
      { left: '{', right: '{', isChanged: false },
      { left: '  "a": 1,', right: '  "a": 1,', isChanged: false },
      { left: '  "b": 2', right: '  "b": 3,', isChanged: true },
      { left: undefined, right: '  "c": 4', isChanged: true },
      { left: '}', right: '}', isChanged: false },
    ])
  })

  it('has one side where there is nothing on the other', () => {
    expect(sideBySide(diffLines(null, [1]))).toHaveLength(3)
    expect(sideBySide(diffLines(null, [1])).every(({ left }) => left === undefined)).toBe(true)
    expect(sideBySide([])).toEqual([])
  })
})
