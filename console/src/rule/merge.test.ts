import { describe, expect, it } from 'vitest'
import { isSame, merge } from './merge'

const base = { priority: 0, description: '', branches: [{ targets: [70, 30] }, { targets: [100] }] }

describe('merge', () => {
  it('takes what one of two changed from that one', () => {
    const mine = { ...base, priority: 5 }
    const theirs = { ...base, description: 'theirs' }
    expect(merge(base, mine, theirs)).toEqual({ spec: { ...base, priority: 5, description: 'theirs' }, clashes: [] })
  })

  it('goes into lists that kept their length', () => {
    const mine = { ...base, branches: [{ targets: [50, 50] }, { targets: [100] }] }
    const theirs = { ...base, branches: [{ targets: [70, 30] }, { targets: [99] }] }
    expect(merge(base, mine, theirs).spec.branches).toEqual([{ targets: [50, 50] }, { targets: [99] }])
  })

  it('finds what both changed, and takes what is chosen', () => {
    const [mine, theirs] = [{ ...base, priority: 5 }, { ...base, priority: 7 }]
    const clash = { path: '/priority', base: 0, mine: 5, theirs: 7 }
    expect(merge(base, mine, theirs)).toEqual({ spec: theirs, clashes: [clash] })
    expect(merge(base, mine, theirs, (path) => path === '/priority').spec).toEqual(mine)
  })

  it('sees keys that every object has as any other', () => {
    const theirs = JSON.parse('{"metadata": {"constructor": "1", "__proto__": "2"}}') as object
    expect(merge({ metadata: {} }, { metadata: { team: 'a' } }, theirs as { metadata: object })).toEqual({
      spec: JSON.parse('{"metadata": {"constructor": "1", "__proto__": "2", "team": "a"}}'),
      clashes: [],
    })
  })

  it('takes lists of different lengths as a whole', () => {
    const mine = { ...base, branches: [...base.branches, { targets: [1] }] }
    const theirs = { ...base, branches: base.branches.slice(1) }
    expect(merge(base, mine, theirs).clashes.map(({ path }) => path)).toEqual(['/branches'])
  })

  it('knows entries that came and went', () => {
    const entries = { a: 1, b: 2 } as Record<string, number>
    expect(merge(entries, { a: 1, b: 2, 'c/d': 3 }, { b: 2 })).toEqual({ spec: { b: 2, 'c/d': 3 }, clashes: [] })
    expect(merge(entries, { a: 5, b: 2 }, { b: 2 }).clashes).toEqual([{ path: '/a', base: 1, mine: 5, theirs: undefined }])
    expect(merge({} as Record<string, number>, { 'c/d': 1 }, { 'c/d': 2 }).clashes[0]?.path).toBe('/c~1d')
  })
})

describe('isSame', () => {
  it('does not mind the order of keys, and minds that of lists', () => {
    expect(isSame({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toBe(true)
    expect(isSame({ a: undefined }, {})).toBe(true)
    expect(isSame([1, 2], [2, 1])).toBe(false)
    expect(isSame(null, {})).toBe(false)
    expect(isSame('1', 1)).toBe(false)
  })
})
