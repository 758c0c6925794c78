import { describe, expect, it } from 'vitest'
import { overtake, withPart } from './overtake'

const base = { owners: 'cleo', comment: '', ports: [80], metadata: { tier: '1', lang: 'rust' } }

describe('overtake', () => {
  it('takes over what the other one changed, and keeps what I did', () => {
    const mine = { ...base, comment: 'holds goods', metadata: { ...base.metadata, mine: 'x' } }
    const theirs = { ...base, owners: 'dora', metadata: { tier: '2', lang: 'rust' } }
    expect(overtake(base, mine, theirs)).toEqual({
      spec: { ...base, owners: 'dora', comment: 'holds goods', metadata: { tier: '2', lang: 'rust', mine: 'x' } },
      taken: [
        { path: '/owners', before: 'cleo', after: 'dora' },
        { path: '/metadata/tier', before: '1', after: '2' },
      ],
      clashes: [],
    })
  })

  it('keeps mine where both changed a part, and says so', () => {
    const mine = { ...base, owners: 'me', ports: [1], metadata: { lang: 'rust' } }
    const theirs = { ...base, owners: 'them', ports: [2, 3], metadata: { tier: '2', lang: 'rust' } }
    const { spec, taken, clashes } = overtake(base, mine, theirs)
    expect(spec).toEqual(mine)
    expect(taken).toEqual([])
    expect(clashes).toEqual([
      { path: '/owners', base: 'cleo', mine: 'me', theirs: 'them' },
      { path: '/ports', base: [80], mine: [1], theirs: [2, 3] },
      { path: '/metadata/tier', base: '1', mine: undefined, theirs: '2' },
    ])
  })

  it('says nothing where both made the same of it', () => {
    const both = { ...base, owners: 'dora' }
    expect(overtake(base, both, { ...both })).toEqual({ spec: both, taken: [], clashes: [] })
  })
})

describe('withPart', () => {
  it('changes one place, wherever it is', () => {
    expect(withPart(base, '/owners', 'x')).toEqual({ ...base, owners: 'x' })
    expect(withPart(base, '/metadata/a~1b', 'x').metadata).toEqual({ ...base.metadata, 'a/b': 'x' })
    expect(withPart(base, '/metadata/tier', undefined).metadata).toEqual({ lang: 'rust' })
    expect(withPart({ ports: [1, 2] }, '/ports/1', 3)).toEqual({ ports: [1, 3] })
  })
})
