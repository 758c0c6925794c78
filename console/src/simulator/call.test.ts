import { describe, expect, it } from 'vitest'
import { type Call, callOf, NO_CALL, requestOf, searchOf, serviceOf, withFact } from './call'

const WHOLE: Call = {
  to: 'default/com.shop/order',
  from: 'edge/micro-api',
  method: 'POST',
  path: '/api/order',
  ip: '10.0.0.9',
  region: 'eu',
  zone: 'eu-1',
  campus: '',
  exclude: 'order-1, order-2',
  seed: '7',
  draft: '{"name": "canary"}',
  instance: 'order-3',
  facts: [
    { kind: 'headers', name: 'x-user', value: '42' },
    { kind: 'headers', name: 'accept', value: 'a=b&c d' },
    { kind: 'labels', name: 'env', value: 'prod' },
    { kind: 'arguments', name: 'tenant', value: '' },
  ],
}

describe('the address of a call', () => {
  it('tells all of it', () => {
    expect(callOf(searchOf(WHOLE))).toEqual(WHOLE)
    expect(callOf(searchOf(NO_CALL))).toEqual(NO_CALL)
  })

  it('says nothing of what was not said', () => {
    expect(searchOf(NO_CALL)).toEqual({})
    const begun = { ...NO_CALL, facts: [{ kind: 'query', name: '', value: 'x' } as const] }
    expect(searchOf(begun)).toEqual({})
  })
})

describe('requestOf', () => {
  it('asks with all that was said', () => {
    expect(requestOf(WHOLE, 'default')).toEqual({
      from: {
        namespace: 'edge',
        service: 'micro-api',
        metadata: { env: 'prod' },
        location: { region: 'eu', zone: 'eu-1' },
        ip: '10.0.0.9',
      },
      to: { namespace: 'default', service: 'com.shop/order' },
      method: 'POST',
      path: '/api/order',
      headers: { 'x-user': '42', accept: 'a=b&c d' },
      arguments: { tenant: '' },
      exclude: ['order-1', 'order-2'],
    })
  })

  it('asks for a callee alone', () => {
    expect(requestOf({ ...NO_CALL, to: 'pay' }, 'shop')).toEqual({ to: { namespace: 'shop', service: 'pay' } })
  })

  it('asks nothing without a callee', () => {
    expect(requestOf({ ...NO_CALL, to: '  ' }, 'shop')).toBeUndefined()
    expect(requestOf({ ...NO_CALL, to: 'shop/' }, 'shop')).toBeUndefined()
  })
})

describe('serviceOf', () => {
  it('takes what is before the first slash for the namespace', () => {
    expect(serviceOf('a/b/c', 'default')).toEqual({ namespace: 'a', service: 'b/c' })
    expect(serviceOf(' pay ', 'default')).toEqual({ namespace: 'default', service: 'pay' })
    expect(serviceOf('', 'default')).toBeUndefined()
  })
})

describe('withFact', () => {
  it('adds a fact, or sets the one that is there', () => {
    const once = withFact(NO_CALL, 'header.x-user', '42')
    expect(once.facts).toEqual([{ kind: 'headers', name: 'x-user', value: '42' }])
    const typed = { ...NO_CALL, facts: [{ kind: 'headers', name: 'X-User', value: '7' } as const] }
    expect(withFact(typed, 'header.x-user', '42').facts).toEqual(once.facts)
    expect(withFact(NO_CALL, 'caller_metadata.app.kubernetes.io', 'x').facts[0]?.name).toBe('app.kubernetes.io')
  })

  it('knows the facts that have no name', () => {
    expect(withFact(NO_CALL, 'path', '/a').path).toBe('/a')
    expect(withFact(NO_CALL, 'caller_ip', '::1').ip).toBe('::1')
    expect(withFact({ ...NO_CALL, from: 'edge/api' }, 'caller_service', 'web').from).toBe('edge/web')
    expect(withFact({ ...NO_CALL, from: 'edge/api' }, 'caller_namespace', 'x').from).toBe('x/api')
  })
})
