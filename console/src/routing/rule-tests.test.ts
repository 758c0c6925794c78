import { describe, expect, it } from 'vitest'
import { type Call, type CallDocument, requestOf } from '../simulator/call'
import type { Explanation } from '../simulator/explanation'
import { callOfRequest, callText, editedRequest, expectationOf, testOf } from './rule-tests'

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

  it('says no more of a caller than the call does, and of a callee what follows from its caller', () => {
    expect(callOfRequest(FULL, 'shop')).toMatchObject({ from: 'prod/web', to: 'prod/pay' })
    expect(callOfRequest(SPACE, 'shop')).toMatchObject({ from: 'prod/', to: 'prod/pay' })
    expect(callOfRequest(NAME, 'shop')).toMatchObject({ from: '/com.shop/web', to: 'shop/pay' })
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

/** Calls to a service that is of the namespace of its caller, or else of that of the rule. */
const FULL: CallDocument = { from: { namespace: 'prod', service: 'web' }, to: { service: 'pay' } }
const SPACE: CallDocument = { from: { namespace: 'prod' }, to: { service: 'pay' } }
const NAME: CallDocument = { from: { service: 'com.shop/web' }, to: { service: 'pay' } }

/** A call of a rule of the shop after an edit in its form. */
function edited(request: CallDocument, change: Partial<Call>) {
  const shown = callOfRequest(request, 'shop')
  return editedRequest(request, shown, { ...shown, ...change }, 'shop')
}

describe('editedRequest', () => {
  it('keeps what the form does not change as it was written', () => {
    for (const call of [FULL, SPACE, NAME, CALL]) {
      expect(edited(call, {})).toEqual(call)
      expect(edited(call, { method: ' PUT' })).toEqual({ ...call, method: 'PUT' })
      expect(edited(edited(call, { path: '/a' }), { path: '' })).toEqual({ ...call, path: undefined })
    }
    const facts: Call['facts'] = [
      { kind: 'headers', name: 'a', value: '1' },
      { kind: 'headers', name: '', value: 'half typed' },
      { kind: 'labels', name: 'env', value: 'gray' },
    ]
    expect(edited(FULL, { facts })).toEqual({ ...FULL, from: { ...FULL.from, metadata: { env: 'gray' } }, headers: { a: '1' } })
    const { headers: _, query: __, cookies: ___, arguments: ____, ...rest } = CALL
    expect(edited(CALL, { facts: [] })).toEqual({ ...rest, from: { ...CALL.from, metadata: undefined } })
  })

  it('writes a caller as it is typed, and goes on calling whom it shows', () => {
    expect(edited(FULL, { from: 'qa/web' })).toEqual({ from: { namespace: 'qa', service: 'web' }, to: { namespace: 'prod', service: 'pay' } })
    expect(edited(FULL, { from: '' })).toEqual({ to: { namespace: 'prod', service: 'pay' } })
    expect(edited(NAME, { from: 'web' }).from).toEqual({ namespace: 'shop', service: 'web' })
    expect(edited(NAME, { from: 'qa/' }).from).toEqual({ namespace: 'qa' })
    expect(edited(FULL, { from: '/web' }).from).toEqual({ service: 'web' })
    expect(edited(CALL, { from: 'qa/web' })).toEqual({ ...CALL, from: { ...CALL.from, namespace: 'qa', service: 'web' } })
  })

  it('writes a callee as it is typed', () => {
    expect(edited(FULL, { to: 'order' }).to).toEqual({ namespace: 'shop', service: 'order' })
    expect(edited(FULL, { to: 'qa/order' })).toEqual({ ...FULL, to: { namespace: 'qa', service: 'order' } })
    expect(edited(FULL, { to: '' })).toEqual({ ...FULL, to: { service: '' } })
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
