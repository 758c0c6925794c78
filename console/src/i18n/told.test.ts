import { describe, expect, it } from 'vitest'
import { Problem } from '../api/problem'
import { en } from './en'
import { told, toldByField } from './told'
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

describe('toldByField', () => {
  it('says the first fault of each field', () => {
    const problem = refused({ errors: [RANGE, { ...RANGE, detail: 'second' }, OTHER] })
    expect(toldByField(problem, zh)).toEqual({ port: '0 超出范围 1 到 65535', metadata: OTHER.detail })
  })
})
