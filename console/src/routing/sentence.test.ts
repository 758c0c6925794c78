import { describe, expect, it } from 'vitest'
import type { RoutingRuleSpec } from '../api/client'
import { en } from '../i18n/en'
import { zh } from '../i18n/zh'
import { FACT_KINDS, OPERATORS } from './noun'
import { conditionText, groupsOf, sentencesOf } from './sentence'

const rule: RoutingRuleSpec = {
  caller: { service: 'micro-api' },
  callee: { service: 'micro-order' },
  branches: [
    {
      matches: { all: [{ on: 'header', key: 'x-user', op: 'in', values: ['42', '43'] }, { on: 'path', op: 'regex', value: '^/pay' }] },
      targets: [{ labels: { version: 'v2' } }],
      when_empty: 'reject',
    },
    {
      targets: [
        { name: 'stable', labels: { version: 'v1' }, weight: 70 },
        { labels: { version: 'v2', zone: { op: 'not_equal', value: 'b' } }, weight: 30 },
        { priority: 1 },
      ],
    },
  ],
  otherwise: 'fall_through',
}

describe('sentencesOf', () => {
  it('says in English what a rule does', () => {
    expect(sentencesOf(rule, en.sentence)).toEqual([
      'Calls from micro-api to micro-order:',
      'When header x-user is one of 42, 43 and the path matches /^/pay/, they go to instances with version v2. If there are none, they are refused.',
      'All others: 70 % go to stable (instances with version v1), 30 % go to instances with version v2 and zone is not “b”; if those have no instance, they go to every instance. If there are none, the next branch is tried.',
      'What no branch decides falls through to the next rule.',
    ])
  })

  it('says the same in Chinese', () => {
    expect(sentencesOf(rule, zh.sentence)).toEqual([
      '从 micro-api 到 micro-order 的调用：',
      '当请求头 x-user 属于 42、43，且路径匹配 /^/pay/ 时，转到 version 为 v2 的实例。若没有这样的实例，则拒绝。',
      '其余调用：70% 转到 stable（version 为 v1 的实例）、30% 转到 version 为 v2，且 zone 不等于“b”的实例；若它们都没有实例，转到所有实例。若没有这样的实例，则尝试下一分支。',
      '没有分支能决定的调用交给下一条规则。',
    ])
  })

  it('knows every caller and service, and those of other namespaces', () => {
    const words = en.sentence
    const [all] = sentencesOf({ ...rule, caller: { metadata: { env: 'gray' } }, callee: { service: '*', namespace: '*' } }, words)
    expect(all).toBe('Calls from any caller with env gray to any service in any namespace:')
    const [intro, first] = sentencesOf({ ...rule, caller: { service: '*', namespace: 'shop' }, branches: [{ targets: [{}] }] }, words)
    expect(intro).toBe('Calls from any caller in shop to micro-order:')
    expect(first).toBe('Every call: they go to every instance. If there are none, the next branch is tried.')
  })

  it('leaves out what is not typed yet', () => {
    const typing: RoutingRuleSpec = {
      callee: { service: 'pay' },
      branches: [{ matches: { all: [{ on: 'header', key: '', op: 'exact', value: '' }] }, targets: [{ labels: { '': '' }, weight: 0 }] }],
      otherwise: 'fall_through',
    }
    const [, branch = ''] = sentencesOf(typing, en.sentence)
    expect(branch).toMatch(/^When …/)
    expect(branch).toContain('instances with …')
    expect(branch).not.toContain('“”')
    expect(conditionText({ on: 'header', key: 'x-user', op: 'in', values: [] }, en.sentence)).toContain('…')
  })

  it('has words for every fact and test', () => {
    for (const words of [en.sentence, zh.sentence]) {
      const texts = FACT_KINDS.flatMap((on) =>
        OPERATORS.map((op) => conditionText({ on, key: 'k', op, value: 'v', values: ['v'], min: 1, fact: { on: 'query', key: 'q' } }, words)),
      )
      expect(new Set(texts).size).toBe(FACT_KINDS.length * OPERATORS.length)
      expect(texts.some((text) => text.includes('undefined'))).toBe(false)
    }
  })
})

describe('groupsOf', () => {
  it('shares what is tried together', () => {
    const shares = groupsOf([{ weight: 1 }, { weight: 1, priority: 2 }, { weight: 3 }, { weight: 0, priority: 5 }])
    expect(shares.map((group) => group.map(({ share }) => share))).toEqual([[25, 75], [100], [0]])
  })
})
