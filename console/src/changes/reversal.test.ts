import { describe, expect, it } from 'vitest'
import type { Change, Instance } from '../api/client'
import { reversalOf } from './reversal'

const spec = { host: '10.0.0.7', port: 80, protocol: '', version: '', weight: 100, metadata: { a: '1' }, location: {} }
const pay = { ...spec, health_check: { type: 'none' }, health: 'healthy', isolated: false, revision: 4 } as unknown as Instance
const path = '/api/v1/namespaces/default/services/com.shop%2Fpay/instances/pay-1'

function change(before: unknown, after: unknown, more: Partial<Change> = {}): Change {
  const where = { kind: 'instance', namespace: 'default', service: 'com.shop/pay', instance: 'pay-1' }
  return { ...where, revision: 9, actor: 'rest', at: '', request_id: '', before, after, ...more } as Change
}

describe('reversalOf', () => {
  it('patches back what an operator changed', () => {
    const after = { ...pay, weight: 5, isolated: true, health: 'unhealthy', metadata: { a: '2', b: '3' } }
    const body = { weight: 100, isolated: false, health: 'healthy', metadata: { a: '1', b: null } }
    expect(reversalOf(change(pay, after))).toEqual({ method: 'PATCH', path, revision: 9, body })
  })

  it('deletes what was made, and makes again what was deleted', () => {
    expect(reversalOf(change(null, pay))).toEqual({ method: 'DELETE', path, revision: 9 })
    const out = { ...pay, isolated: true, health: 'unhealthy' }
    const body = { ...spec, health_check: { type: 'none' }, isolated: true, health: 'unhealthy' }
    expect(reversalOf(change(out, null))).toEqual({ method: 'PUT', path, revision: undefined, body })
    // The health of one that beats is what its heartbeats say.
    const beating = { health_check: { type: 'heartbeat', ttl_seconds: 5 } }
    expect(reversalOf(change({ ...out, ...beating }, null))?.body).toEqual({ ...spec, ...beating, isolated: true })
  })

  it('puts a namespace and a service back', () => {
    const namespace = { comment: 'c', metadata: {}, name: 'default', revision: 1 }
    const put = reversalOf(change(namespace, { ...namespace, comment: '' }, { kind: 'namespace', service: undefined, instance: undefined }))
    expect(put).toEqual({ method: 'PUT', path: '/api/v1/namespaces/default', revision: 9, body: { comment: 'c', metadata: {} } })
  })

  it('puts a rule back', () => {
    const where = { kind: 'routing_rule', rule: 'canary', service: undefined, instance: undefined } as const
    const stamps = { namespace: 'default', name: 'canary', revision: 1, created_revision: 1, created_at: '', modified_at: '' }
    const rule = { callee: { service: 'pay' }, priority: 5 }
    const place = '/api/v1/namespaces/default/routing-rules/canary'
    const before = { ...rule, ...stamps }
    expect(reversalOf(change(before, { ...before, priority: 7 }, where))).toEqual({ method: 'PUT', path: place, revision: 9, body: rule })
    expect(reversalOf(change(before, null, where))).toEqual({ method: 'PUT', path: place, revision: undefined, body: rule })
    expect(reversalOf(change(null, before, where))).toEqual({ method: 'DELETE', path: place, revision: 9 })
  })

  it('leaves alone what would happen again, and what only a registration can change', () => {
    expect(reversalOf(change(pay, { ...pay, health: 'unhealthy' }, { actor: 'merak' }))).toBeUndefined()
    expect(reversalOf(change(null, {}, { kind: 'event' }))).toBeUndefined()
    expect(reversalOf(change(pay, { ...pay, version: 'v2' }))).toBeUndefined()
    const beating = { ...pay, health_check: { type: 'heartbeat', ttl_seconds: 5 } }
    expect(reversalOf(change(beating, { ...beating, health: 'unhealthy' }))).toBeUndefined()
  })
})
