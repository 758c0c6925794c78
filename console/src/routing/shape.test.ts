import { describe, expect, it } from 'vitest'
import { ROUTING } from './routing'
import { isRoutingRule } from './shape'

describe('isRoutingRule', () => {
  it('takes a rule, and one that the control plane would refuse', () => {
    const condition = { on: 'header', key: '', op: 'in', values: [] }
    const branch = { matches: { all: [condition] }, targets: [{ labels: { a: 'b', c: { op: 'present' } }, weight: -1 }] }
    expect(isRoutingRule({ ...ROUTING.blank, branches: [branch], priority: 99_999 })).toBe(true)
    expect(isRoutingRule({ ...ROUTING.blank, branches: [] })).toBe(true)
  })

  it('refuses what no field could show', () => {
    for (const change of [
      { branches: undefined },
      { branches: [{}] },
      { branches: [{ targets: [{ labels: { a: 1 } }] }] },
      { branches: [{ targets: [], matches: { all: [{ on: 'moon', op: 'exact' }] } }] },
      { branches: [{ targets: [], matches: { any: [{ on: 'path', op: 'near' }] } }] },
      { callee: 'pay' },
      { priority: 'high' },
      { enabled: 'yes' },
    ]) {
      expect(isRoutingRule({ ...ROUTING.blank, ...change }), JSON.stringify(change)).toBe(false)
    }
    expect(isRoutingRule(null)).toBe(false)
    expect(isRoutingRule([])).toBe(false)
  })
})
