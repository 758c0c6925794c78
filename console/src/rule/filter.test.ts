import { describe, expect, it } from 'vitest'
import { parseSearch } from '../search/tokens'
import { CALL_TOKENS, rulesFilter } from './filter'

const filter = (search: string) => rulesFilter(parseSearch(search, CALL_TOKENS))

describe('rulesFilter', () => {
  it('asks for a part of the name, or for a pattern', () => {
    expect(filter('')).toEqual({})
    expect(filter('canary')).toEqual({ name: '*canary*' })
    expect(filter('order*')).toEqual({ name: 'order*' })
  })

  it('asks for who calls whom, and for what the rule is', () => {
    expect(filter('callee:pay caller:api')).toEqual({ callee: '*pay*', caller: '*api*' })
    expect(filter('enabled:false status:unable metadata.team:trade')).toEqual({ enabled: false, status: 'unable', metadata: ['team:trade'] })
  })
})
