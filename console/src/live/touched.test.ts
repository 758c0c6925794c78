import { describe, expect, it } from 'vitest'
import type { Change } from '../api/client'
import { touchedBy } from './touched'

function change(kind: Change['kind'], namespace: string, service?: string): Change {
  const who = { actor: 'a', request_id: '', at: '2026-01-02T10:00:00Z', revision: 1 }
  return { ...who, kind, namespace, ...(service ? { service } : {}), before: null, after: null }
}

describe('touchedBy', () => {
  it('finds the lists and the one service that an instance belongs to', () => {
    const isTouched = touchedBy([change('instance', 'default', 'pay')])
    expect(isTouched(['services', {}])).toBe(true)
    expect(isTouched(['namespaces'])).toBe(true)
    expect(isTouched(['changes', {}])).toBe(true)
    expect(isTouched(['service', 'default', 'pay', 'instances', {}])).toBe(true)
    expect(isTouched(['service', 'default', 'order', 'instances', {}])).toBe(false)
    expect(isTouched(['service', 'shop', 'pay'])).toBe(false)
    expect(isTouched(['about'])).toBe(false)
  })

  it('finds the list of rules, and the one rule', () => {
    const isTouched = touchedBy([{ ...change('routing_rule', 'default'), rule: 'canary' }])
    expect(isTouched(['rules', 'routing-rules', 'default'])).toBe(true)
    expect(isTouched(['rules', 'routing-rules', 'staging'])).toBe(false)
    expect(isTouched(['rules', 'routing-rules', '*', {}])).toBe(true)
    expect(isTouched(['rules', 'nearby-rules', '*', {}])).toBe(false)
    expect(isTouched(['warnings', 'nearby_rule'])).toBe(true)
    expect(isTouched(['rules', 'nearby-rules', 'default'])).toBe(false)
    expect(isTouched(['rule', 'routing-rules', 'default', 'canary', 'status'])).toBe(true)
    expect(isTouched(['rule', 'routing-rules', 'default', 'other'])).toBe(false)
    expect(isTouched(['service', 'default', 'pay'])).toBe(false)
  })

  it('leaves counts alone when only an event happened', () => {
    const isTouched = touchedBy([change('event', 'default', 'pay')])
    expect(isTouched(['services', {}])).toBe(false)
    expect(isTouched(['changes', {}])).toBe(true)
  })

  it('finds what rules decide for any service when a rule changed', () => {
    const isTouched = touchedBy([change('routing_rule', 'default')])
    expect(isTouched(['service', 'shop', 'pay', 'simulation', {}])).toBe(true)
    expect(isTouched(['service', 'shop', 'pay', 'rules'])).toBe(true)
    expect(isTouched(['service', 'shop', 'pay', 'instances', {}])).toBe(false)
  })

  it('finds nothing when nothing happened', () => {
    expect(touchedBy([])(['changes'])).toBe(false)
  })
})
