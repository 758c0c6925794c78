import { describe, expect, it } from 'vitest'
import type { RuleWarning } from '../api/client'
import { Problem } from '../api/problem'
import { en } from './en'
import { told, toldByField, toldWarning } from './told'
import { zh } from './zh'

const refused = (body: object) => Problem.answered(new Response(null, { status: 400, statusText: 'Bad Request' }), body)

const RANGE = { pointer: '/port', detail: '0 is outside 1..=65535', reason: { code: 'out_of_range', value: '0', min: '1', max: '65535' } }
const OTHER = { pointer: '/metadata/env', detail: 'the key is given more than once' }

describe('told', () => {
  it('says usual faults in the language of the page, and others as the control plane does', () => {
    const problem = refused({ code: 'invalid_argument', detail: '/port: …', errors: [RANGE, OTHER] })
    expect(told(problem, en)).toBe('/port: 0 is outside 1..=65535; /metadata/env: the key is given more than once')
    expect(told(problem, zh)).toBe('请求无效：/port: 0 超出范围 1 到 65535; /metadata/env: the key is given more than once')
  })

  it('says what the code says where nothing is refused by its place', () => {
    const problem = refused({ code: 'gone', detail: 'the log begins at revision 7' })
    expect(told(problem, en)).toBe('the log begins at revision 7')
    expect(told(problem, zh)).toBe('变更日志已不再保留那么早的内容')
  })

  it('says what is no answer of the control plane', () => {
    expect(told(refused({}), zh)).toBe('Bad Request')
    expect(told(new Error('broken'), zh)).toBe('broken')
    expect(told(Problem.offline(null), en)).toBe(en.states.offline)
  })
})

describe('toldWarning', () => {
  const CALLEE = { code: 'callee_without_instances', path: '/callee', message: 'the callee has no instance now' } as const

  it('says in the language of the page what a warning is made of', () => {
    const warning: RuleWarning = {
      code: 'weight_not_as_named',
      path: '/branches/0/targets',
      message: 'the name says 70 % / 30 %, …',
      reason: { code: 'weight_not_as_named', text: 'name', named: [70, 30], shares: [200 / 3, 100 / 3] },
    }
    expect(toldWarning(warning, en)).toBe(warning.message)
    expect(toldWarning(warning, zh)).toBe('名称写的是 70% / 30%，按权重是 66.7% / 33.3%')
  })

  it('says nothing where the title says it all', () => {
    expect(toldWarning({ ...CALLEE, reason: { code: CALLEE.code, obeyed_by: 'caller' } }, zh)).toBe('')
    expect(toldWarning({ ...CALLEE, reason: { code: CALLEE.code, obeyed_by: 'callee' } }, zh)).toBe('因此没有实例执行该规则')
  })
})

describe('toldByField', () => {
  it('says the first fault of each field', () => {
    const problem = refused({ errors: [RANGE, { ...RANGE, detail: 'second' }, OTHER] })
    expect(toldByField(problem, zh)).toEqual({ port: '0 超出范围 1 到 65535', metadata: OTHER.detail })
  })
})
