import { describe, expect, it } from 'vitest'
import type { RuleWarning } from '../api/client'
import { Problem, type Reason, type ReasonCode, type ReasonOf } from '../api/problem'
import { en } from './en'
import { told, toldByField, toldFault, toldWarning } from './told'
import { zh } from './zh'

const refused = (body: object) => Problem.answered(new Response(null, { status: 400, statusText: 'Bad Request' }), body)

const RANGE = { pointer: '/port', detail: '0 is outside 1..=65535', reason: { code: 'out_of_range', value: '0', min: '1', max: '65535' } }
const REASONS: { [Code in ReasonCode]: Omit<ReasonOf<Code>, 'code'> } = {
  missing: {},
  too_long: { length: 2, limit: 1 },
  bad_character: { found: ' ', position: 0, allowed: 'letters', characters: 'name' },
  out_of_range: { value: '0', min: '1', max: '2' },
  too_many: { count: 2, limit: 1 },
  malformed: { value: '1', expected: 'a name', form: 'name' },
  unknown_field: { field: '1', known: 'there are no fields', fields: [] },
  field_repeated: {},
  key_repeated: {},
  value_repeated: { value: '1' },
  name_repeated: { name: '1' },
  one_of_required: { fields: ['1', '2'] },
  both_given: { other: '1' },
  empty: { list: 'branches' },
  empty_key: {},
  not_taken: { by: 'global_limit' },
  no_keys: { fact: 'path' },
  not_operand: { operator: 'exact' },
  bounds_reversed: { min: 2, max: 1 },
  levels_reversed: { max_level: 'campus', level: 'zone' },
  no_weight: {},
  header_repeated: {},
  plays_no_part: { namespace: '1', service: '2' },
  health_of_beating: {},
  wrong_type: { wanted: { kind: 'count', max: 255 }, found: { kind: 'list' } },
  not_count: {},
  number_too_large: {},
  future_time: { time: '2026' },
  future_revision: { revision: 2, newest: 1 },
  not_known_then: { what: 'counts' },
  bad_pattern: { detail: 'unclosed group' },
  pattern_not_supported: { detail: 'look-around, including look-ahead and look-behind, is not supported' },
  pattern_too_large: { limit: 1 },
  too_many_patterns: { count: 2, limit: 1 },
  too_many_compared: { count: 2, limit: 1 },
  window_repeated: { window_ms: 1, earlier: 0 },
  amount_never_reached: { max: 1, other: 0, other_max: 1, other_window_ms: 1 },
  too_fast: { max: 1, window_ms: 1, a_second: 1, limit: 1 },
  burst_too_large: { burst: 1, limit: 1 },
  bad_header_name: { name: '1' },
  framing_header: { name: '1' },
  method_as_argument: {},
}

const OTHER = { pointer: '/metadata/env', detail: 'the key is given more than once' }

describe('told', () => {
  it('says usual faults in the language of the page, and others as the control plane does', () => {
    const problem = refused({ code: 'invalid_argument', detail: '/port: …', errors: [RANGE, OTHER] })
    expect(told(problem, en)).toBe('/port: 0 is outside 1..=65535; /metadata/env: the key is given more than once')
    expect(told(problem, zh)).toBe('请求无效：/port: 0 超出范围 1 到 65535；/metadata/env: the key is given more than once')
  })

  it('says what the code says where nothing is refused by its place', () => {
    const problem = refused({ code: 'gone', detail: 'the log begins at revision 7' })
    expect(told(problem, en)).toBe('the log begins at revision 7')
    expect(told(problem, zh)).toBe('变更日志已不再保留那么早的内容')
  })

  it('says what is in the way in the language of the page', () => {
    const service = { kind: 'service', namespace: 'default', name: 'pay' }
    const problem = refused({ code: 'not_found', detail: 'service `default/pay` not found', obstacle: { code: 'not_found', thing: service } })
    expect(told(problem, en)).toBe('service `default/pay` not found')
    expect(told(problem, zh)).toBe('不存在：服务 default/pay')
    const held = refused({ code: 'conflict', detail: '…', obstacle: { code: 'has_instances', service } })
    expect(told(held, zh)).toBe('当前状态不允许这样做：服务 default/pay 还有实例，请先移除')
  })

  it('says what is no answer of the control plane', () => {
    expect(told(refused({}), zh)).toBe('Bad Request')
    expect(told(new Error('broken'), zh)).toBe('broken')
    expect(told(Problem.offline(null), en)).toBe(en.states.offline)
  })
})

const newer = <T>(rest: object) => ({ code: 'not_thought_of', ...rest }) as T

describe('a control plane that is newer than the page', () => {
  it('is heard in its own words', () => {
    const fault = { pointer: '/port', detail: 'it is odd', reason: newer<Reason>({}) }
    expect(told(refused({ code: 'invalid_argument', detail: '…', errors: [fault] }), zh)).toBe('请求无效：/port: it is odd')
    expect(told(refused({ ...newer<object>({}), detail: 'it is odd' }), zh)).toBe('it is odd')
    expect(told(refused({ code: 'conflict', detail: 'it is locked', obstacle: newer({}) }), zh)).toBe('当前状态不允许这样做：it is locked')
    const warning = newer<RuleWarning>({ path: '', message: 'it is odd', reason: newer({}) })
    expect(toldWarning(warning, zh)).toBe('it is odd')
  })
})

describe('toldFault', () => {
  it('says every reason without a Latin word in Chinese', () => {
    for (const [code, reason] of Object.entries(REASONS)) {
      const fault = { detail: 'it is refused', reason: { code, ...reason } as Reason }
      expect(toldFault(fault, en)).toBe(fault.detail)
      expect(toldFault(fault, zh), code).toMatch(/^[^A-Za-z]*\p{Script=Han}[^A-Za-z]*$/u)
    }
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
