import { describe, expect, it } from 'vitest'
import type { Change, Instance } from '../api/client'
import { en } from '../i18n/en'
import { gravity, summarize } from './summary'

const stamps = { revision: 1, created_revision: 1, created_at: '2026-01-02T10:00:00Z', modified_at: '2026-01-02T10:00:00Z' }

const instance: Instance = {
  ...stamps,
  namespace: 'default',
  service: 'pay',
  id: 'pay-1',
  host: '10.0.0.7',
  port: 80,
  protocol: '',
  version: 'v1',
  weight: 100,
  metadata: {},
  location: { region: '', zone: '', campus: '' },
  health_check: { type: 'none' },
  health: 'healthy',
  isolated: false,
}

function change(before: Instance | null, after: Instance | null): Change {
  const where = { kind: 'instance', namespace: 'default', service: 'pay', instance: 'pay-1' } as const
  return { ...where, revision: 2, at: '2026-01-02T10:00:00Z', actor: 'rest', request_id: '', before, after }
}

describe('summarize', () => {
  it('names rules by their kind and name', () => {
    const rule = { kind: 'routing_rule', namespace: 'default', rule: 'canary', instance: undefined, service: undefined }
    const told = (before: object | null, after: object | null) => summarize({ ...change(null, null), ...rule, before, after } as never, en)
    expect(told(null, { priority: 1 })).toBe('Routing rule canary created')
    expect(told({ priority: 1 }, null)).toBe('Routing rule canary deleted')
    expect(told({ priority: 1 }, { priority: 5 })).toBe('Routing rule canary: priority 1 → 5')
    expect(told({ enabled: true }, { enabled: false })).toBe('Routing rule canary switched off')
    expect(told({}, { tests: ['x'.repeat(100)] })).toBe(`Routing rule canary: tests ∅ → ["${'x'.repeat(78)}…`)
  })

  it('says what happened', () => {
    const next = { ...instance, revision: 2 }
    for (const [before, after, expected] of [
      [null, instance, 'pay 10.0.0.7:80 registered'],
      [instance, null, 'pay 10.0.0.7:80 deregistered'],
      [instance, { ...next, health: 'unhealthy' }, 'pay 10.0.0.7:80 became unhealthy'],
      [instance, { ...next, isolated: true }, 'pay 10.0.0.7:80 isolated'],
      [instance, { ...next, weight: 50 }, 'pay 10.0.0.7:80: weight 100 → 50'],
      [instance, { ...next, metadata: { env: 'prod' } }, 'pay 10.0.0.7:80: metadata.env ∅ → prod'],
      [instance, { ...next, weight: 50, version: 'v2' }, 'pay 10.0.0.7:80: version, weight changed'],
      [instance, next, 'pay 10.0.0.7:80 touched'],
      [null, { ...instance, host: '::1' }, 'pay [::1]:80 registered'],
    ] as const) {
      expect(summarize(change(before, after), en)).toBe(expected)
    }
  })

  it('tells events', () => {
    const event: Change = { ...change(null, null), kind: 'event', after: { type: 'flapping', losses: 3, window_seconds: 60 } }
    expect(summarize(event, en)).toBe('pay pay-1 is flapping: 3 losses in 60 s')
    expect(gravity(event)).toBe('warn')
  })
})

describe('gravity', () => {
  it('follows health and isolation', () => {
    expect(gravity(change(instance, { ...instance, health: 'unhealthy' }))).toBe('bad')
    expect(gravity(change({ ...instance, health: 'unhealthy' }, instance))).toBe('good')
    expect(gravity(change(instance, { ...instance, isolated: true }))).toBe('warn')
    expect(gravity(change(instance, { ...instance, weight: 1 }))).toBe('none')
  })
})
