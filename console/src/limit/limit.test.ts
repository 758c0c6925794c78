import { describe, expect, it } from 'vitest'
import type { RateLimitRuleSpec } from '../api/client'
import { en } from '../i18n/en'
import { zh } from '../i18n/zh'
import { LIMIT, lengthText, maxWaitOf, unitOf, withScope } from './limit'
import { limitSentences } from './sentence'
import { isRateLimitRule } from './shape'

const USERS: RateLimitRuleSpec = {
  callee: { service: 'pay' },
  method: '/pay',
  arguments: [{ on: 'header', key: 'x-user', op: 'present' }],
  amounts: [
    { max: 10, window_ms: 1_000 },
    { max: 200, window_ms: 60_000, burst: 50 },
  ],
}

describe('limitSentences', () => {
  it('says which calls, how many, and what becomes of one too many', () => {
    expect(limitSentences(USERS, en)).toEqual([
      'Calls to pay where the method is “/pay” and header x-user is there:',
      'at most 10 in 1 s and 200 in 1 min (50 at once), counted by each instance for itself.',
      'Each value of header x-user has a counter of its own.',
      'One too many is refused with status 429.',
    ])
  })

  it('says what becomes of a global limit while the control plane is away', () => {
    const rule = { ...USERS, scope: 'global' } as const
    const part = 'While the control plane is away, each instance lets its part of the limit through, by its part of the calls before.'
    expect(limitSentences(rule, en)).toContain(part)
    expect(limitSentences(rule, zh)).toContain('控制面不可用时，每个实例放行限额中自己的一份，按此前所占调用的比例。')
    expect(limitSentences({ ...rule, failover: 'pass' }, en)).not.toContain(part)
    expect(limitSentences(USERS, en)).not.toContain(part)
  })

  it('knows global limits, queues, slow starts and shared counters', () => {
    const global = { ...USERS, scope: 'global', failover: 'pass', regex_combine: true } as const
    const said = limitSentences({ ...global, amounts: [{ max: 1000, window_ms: 1_000 }] }, en)
    expect(said[1]).toBe('at most 1,000 in 1 s, counted by the control plane for all instances together.')
    expect(said[2]).toBe('They share one counter.')
    expect(said.at(-1)).toBe('While the control plane is away, all calls pass.')
    const queued = { callee: { service: '*' }, concurrency: 20, action: { queue: { max_wait_ms: 500 } }, response: { status: 503 } }
    expect(limitSentences({ ...queued, warm_up: { period_ms: 10_000 } }, en).slice(0, 2)).toEqual([
      'Every call to any service:',
      'at most 20 at the same time, counted by each instance for itself.',
    ])
    expect(limitSentences(queued, en)).toContain('One too many waits for its turn, up to 500 ms, and is then refused with status 503.')
  })

  it('says the same in Chinese', () => {
    expect(limitSentences(USERS, zh)).toHaveLength(4)
    expect(limitSentences(USERS, zh)[1]).toBe('最多每 1 秒 10 次，且每 1 分钟 200 次（可同时 50 次），由每个实例各自计数。')
  })
})

describe('withScope', () => {
  it('leaves out what the control plane cannot count, and what only it does', () => {
    const local: RateLimitRuleSpec = { ...USERS, concurrency: 5, action: { queue: { max_wait_ms: 9 } }, warm_up: { period_ms: 1 } }
    const global = withScope({ ...local, amounts: [{ max: 5, window_ms: 100, burst: 2 }] }, 'global')
    expect(global).toEqual({ ...USERS, amounts: [{ max: 5, window_ms: 1_000 }], scope: 'global', action: 'reject' })
    expect(withScope({ ...global, failover: 'pass', amount_mode: 'total' }, 'local')).toEqual({ ...global, scope: 'local' })
  })
})

describe('lengthText', () => {
  it('takes the largest unit that is whole', () => {
    expect([1, 1_500, 60_000, 90_000, 3_600_000, 86_400_000].map((ms) => lengthText(ms, en))).toEqual(['1 ms', '1500 ms', '1 min', '90 s', '1 h', '1 d'])
    expect([1_500, 60_000, 86_400_000].map((ms) => lengthText(ms, zh))).toEqual(['1500 毫秒', '1 分钟', '1 天'])
    expect(unitOf(0)).toBe('ms')
  })
})

describe('isRateLimitRule', () => {
  it('knows rules, and what fields cannot show', () => {
    expect(isRateLimitRule(USERS)).toBe(true)
    expect(isRateLimitRule(LIMIT.blank)).toBe(true)
    expect(isRateLimitRule({ ...USERS, action: { queue: { max_wait_ms: 5 } } })).toBe(true)
    for (const wrong of [null, {}, { ...USERS, amounts: 5 }, { ...USERS, action: 'drop' }, { ...USERS, scope: 'x' }, { ...USERS, response: 429 }]) {
      expect(isRateLimitRule(wrong)).toBe(false)
    }
  })

  it('reads how long a call may wait', () => {
    expect(maxWaitOf({ queue: { max_wait_ms: 5 } })).toBe(5)
    expect(maxWaitOf('reject')).toBeUndefined()
    expect(maxWaitOf(undefined)).toBeUndefined()
  })
})
