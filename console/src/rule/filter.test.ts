import { describe, expect, it } from 'vitest'
import { parseSearch } from '../search/tokens'
import { CALL_TOKENS, finds } from './filter'
import type { CommonSpec, Rule } from './noun'

const rule = (change: Partial<Rule<CommonSpec>> = {}) =>
  ({ name: 'order-canary', namespace: 'default', callee: { service: 'micro-order' }, ...change }) as Rule<CommonSpec>
const isFound = (search: string, change?: Partial<Rule<CommonSpec>>) => finds(parseSearch(search, CALL_TOKENS), rule(change))

describe('finds', () => {
  it('goes by a part of the name, or a pattern', () => {
    expect(isFound('')).toBe(true)
    expect(isFound('CANARY')).toBe(true)
    expect(isFound('order*')).toBe(true)
    expect(isFound('canary*')).toBe(false)
    expect(isFound('a.b')).toBe(false)
  })

  it('goes by who calls whom, and by what the rule is', () => {
    expect(isFound('callee:order')).toBe(true)
    expect(isFound('callee:pay')).toBe(false)
    expect(isFound('callee:pay', { callee: { service: '*' } })).toBe(true)
    expect(isFound('caller:api')).toBe(true)
    expect(isFound('caller:api', { caller: { service: 'micro-pay' } })).toBe(false)
    expect(isFound('enabled:false')).toBe(false)
    expect(isFound('enabled:false', { enabled: false })).toBe(true)
    expect(isFound('metadata.team:trade', { metadata: { team: 'trade' } })).toBe(true)
    expect(isFound('metadata.team:trade')).toBe(false)
  })
})
