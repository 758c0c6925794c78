import { describe, expect, it } from 'vitest'
import { type CallDocument, requestOf } from '../simulator/call'
import type { Explanation } from '../simulator/explanation'
import { callOfRequest, callText, expectationOf, testOf } from './rule-tests'

const CALL: CallDocument = {
  from: { namespace: 'default', service: 'api', metadata: { env: 'gray' }, ip: '10.0.0.1', location: { region: 'eu', zone: 'eu-1', campus: '' } },
  to: { namespace: 'shop', service: 'com.shop/order' },
  method: 'POST',
  path: '/order',
  headers: { 'x-user': '42' },
  query: { q: '1' },
  cookies: { session: 's' },
  arguments: { tenant: 'acme' },
  exclude: ['a', 'b'],
}

describe('callOfRequest', () => {
  it('loses nothing of a call that is shown in a form and written again', () => {
    const again = requestOf(callOfRequest(CALL, 'default'), 'default')
    expect(again).toEqual({ ...CALL, from: { ...CALL.from, location: { region: 'eu', zone: 'eu-1' } } })
  })

  it('names the namespace of the rule where the call names none', () => {
    expect(callOfRequest({ to: { service: 'pay' } }, 'shop').to).toBe('shop/pay')
    expect(callOfRequest({ to: { service: '' } }, 'shop').to).toBe('')
  })

  it('is told in a line', () => {
    expect(callText(CALL)).toBe('POST /order, x-user: 42, q: 1, session: s, tenant: acme, env: gray')
    expect(callText({ to: { service: 'pay' } })).toBe('')
  })
})

const target = { stage: 'target', branch: 'default/a[0]', target: 0, name: '', weight: 100, priority: 0, instances: 1, candidates: 1, is_protected: false, has_healthy: true, dropped: [] }
const told = (targets: object[], rest: object = {}) =>
  ({
    verdict: 'routed',
    decided_by: 'default/a[0]',
    candidates: [],
    revisions: {},
    steps: [
      { stage: 'rule', rule: 'default/a', revision: 1, priority: 0, is_for_caller: true, conditions: [] },
      { stage: 'branch', branch: 'default/a[0]', name: '', takes: true, join: 'always', conditions: [] },
      ...targets,
    ],
    ...rest,
  }) as unknown as Explanation

describe('expectationOf', () => {
  it('expects what decided, and the labels of the one target', () => {
    const labels = { version: 'v2', env: { op: 'exact', value: 'gray' }, zone: { op: 'present' } }
    expect(expectationOf(told([{ ...target, labels }]))).toEqual({
      verdict: 'routed',
      decided_by: 'default/a[0]',
      labels: { version: 'v2', env: 'gray' },
    })
  })

  it('expects no labels of several targets, and none of a call that is not routed', () => {
    const two = [{ ...target, labels: { version: 'v1' } }, { ...target, target: 1, labels: { version: 'v2' } }]
    expect(expectationOf(told(two))).toEqual({ verdict: 'routed', decided_by: 'default/a[0]' })
    expect(expectationOf(told([], { verdict: 'rejected', decided_by: undefined }))).toEqual({ verdict: 'rejected' })
  })
})

describe('testOf', () => {
  it('reads a test, and nothing else', () => {
    const test = { request: CALL, expect: { verdict: 'routed' } }
    expect(testOf(JSON.stringify(test))).toEqual(test)
    for (const other of [undefined, '', '{', '[]', '{"request": {}, "expect": {}}', '{"request": {"to": {"service": "a"}}}']) {
      expect(testOf(other)).toBeUndefined()
    }
  })
})
