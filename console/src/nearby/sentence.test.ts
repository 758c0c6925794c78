import { describe, expect, it } from 'vitest'
import { en } from '../i18n/en'
import { zh } from '../i18n/zh'
import { levelsFrom } from './nearby'
import { nearbySentences } from './sentence'

describe('nearbySentences', () => {
  it('says how calls widen, and what is beyond', () => {
    const rule = { callee: { service: 'pay' }, level: 'campus', max_level: 'region', spill_over: 0.3 } as const
    expect(nearbySentences(rule, en)).toEqual([
      'Calls to pay stay in the campus of the caller.',
      'Where 30 % or fewer of its instances are healthy, they widen to the zone, then to the region.',
      'What is beyond the region is used when nothing within can take the call.',
    ])
    expect(nearbySentences({ ...rule, strict: true }, en).at(-1)).toBe('Where the region has nothing for a call, it is refused.')
  })

  it('knows the defaults', () => {
    expect(nearbySentences({ callee: { service: '*' } }, en)).toEqual([
      'Calls to any service stay in the zone of the caller.',
      'Where none of its instances is healthy, they widen to the region, then to everywhere.',
    ])
    expect(nearbySentences({ callee: { service: 'pay' }, level: 'all' }, en)).toEqual(['Calls to pay go to instances anywhere.'])
  })

  it('says the same in Chinese', () => {
    expect(nearbySentences({ callee: { service: 'pay' }, max_level: 'zone', strict: true }, zh)).toEqual([
      '对 pay 的调用优先留在调用方所在的可用区。',
      '可用区内没有可用实例时，调用会被拒绝。',
    ])
  })
})

describe('levelsFrom', () => {
  it('leaves out what is nearer', () => {
    expect(levelsFrom('region')).toEqual(['region', 'all'])
    expect(levelsFrom('campus')).toHaveLength(4)
  })
})
