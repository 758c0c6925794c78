import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Service } from '../api/client'
import { manifestOf } from './manifest'

const spec = {
  metadata: { tier: '1', note: 'yes: "no"\n# none' },
  ports: [8080],
  department: '',
  business: 'on',
  owners: 'ann, bob',
  comment: '- =x',
  protect_threshold: 0.5,
  export_to: ['*'],
}
const stamp = { revision: 4, created_revision: 2, created_at: '2026-01-02T10:00:00Z', modified_at: '2026-01-02T10:00:00Z' }

describe('manifestOf', () => {
  it('holds what people said, and reads back as the same', () => {
    const text = manifestOf({ namespace: 'default', name: 'com.shop/pay', ...spec, ...stamp } as Service)
    expect(text.startsWith('kind: Service\nmetadata:\n  name: com.shop/pay\n  namespace: default\nspec:\n  business: ')).toBe(true)
    expect(parse(text)).toEqual({ kind: 'Service', metadata: { namespace: 'default', name: 'com.shop/pay' }, spec })
  })
})
