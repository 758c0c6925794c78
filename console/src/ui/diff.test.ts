import { describe, expect, it } from 'vitest'
import { diffLines, differences } from './diff'

describe('differences', () => {
  it('names each place by its path', () => {
    expect(differences({ weight: 1, metadata: { a: 'x', b: 'y' } }, { weight: 2, metadata: { a: 'x', c: 'z' } })).toEqual([
      { path: 'weight', before: 1, after: 2 },
      { path: 'metadata.b', before: 'y', after: undefined },
      { path: 'metadata.c', before: undefined, after: 'z' },
    ])
  })

  it('sees keys that every object has as any other', () => {
    expect(differences({}, { constructor: '1' })).toEqual([{ path: 'constructor', before: undefined, after: '1' }])
  })

  it('finds none between equals', () => {
    expect(differences({ a: [1, 2] }, { a: [1, 2] })).toEqual([])
  })

  it('takes lists as a whole', () => {
    expect(differences({ a: [1] }, { a: [1, 2] })).toEqual([{ path: 'a', before: [1], after: [1, 2] }])
  })
})

describe('diffLines', () => {
  it('marks what only one side has', () => {
    expect(diffLines({ a: 1, b: 2 }, { a: 1, b: 3 })).toEqual([
      { sign: ' ', text: '{' },
      { sign: ' ', text: '  "a": 1,' },
      { sign: '-', text: '  "b": 2' },
      { sign: '+', text: '  "b": 3' },
      { sign: ' ', text: '}' },
    ])
  })

  it('marks everything of what is new or gone', () => {
    expect(diffLines(null, { a: 1 }).every(({ sign }) => sign === '+')).toBe(true)
    expect(diffLines({ a: 1 }, null).every(({ sign }) => sign === '-')).toBe(true)
    expect(diffLines(null, null)).toEqual([])
  })
})
