import { describe, expect, it } from 'vitest'
import { rolesOf } from './roles'

const pay = { namespace: 'default', service: 'pay' }
const rule = (namespace: string, callee: { namespace?: string; service: string }, caller?: { namespace?: string; service?: string }) => ({
  namespace,
  callee,
  ...(caller ? { caller } : {}),
})

describe('rolesOf', () => {
  it('tells whether a service is called, or calls', () => {
    expect(rolesOf(rule('default', { service: 'pay' }), pay)).toEqual(['callee'])
    expect(rolesOf(rule('default', { service: '*' }), pay)).toEqual(['any'])
    expect(rolesOf(rule('default', { service: 'order' }, { service: 'pay' }), pay)).toEqual(['caller'])
    expect(rolesOf(rule('default', { service: '*' }, { service: 'pay' }), pay)).toEqual(['any', 'caller'])
  })

  it('goes by the namespace of the rule where it names none', () => {
    expect(rolesOf(rule('shop', { service: 'pay' }), pay)).toEqual([])
    expect(rolesOf(rule('shop', { namespace: 'default', service: 'pay' }), pay)).toEqual(['callee'])
    expect(rolesOf(rule('shop', { namespace: '*', service: '*' }), pay)).toEqual(['any'])
    expect(rolesOf(rule('shop', { service: 'x' }, { namespace: 'shop', service: 'pay' }), pay)).toEqual([])
  })

  it('is nothing to rules for others', () => {
    expect(rolesOf(rule('default', { service: 'order' }, { service: '*' }), pay)).toEqual([])
    expect(rolesOf(rule('default', { service: 'payment' }), pay)).toEqual([])
  })
})
