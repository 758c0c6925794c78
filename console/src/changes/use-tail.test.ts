import { describe, expect, it, vi } from 'vitest'
import type { Change } from '../api/client'

vi.stubGlobal('location', { origin: 'http://localhost' })
const { isWanted } = await import('./use-tail')

const change = { kind: 'instance', namespace: 'default', service: 'pay', actor: 'rest@10.0.0.1' } as Change

describe('isWanted', () => {
  it('asks for every filter', () => {
    expect(isWanted({}, change)).toBe(true)
    expect(isWanted({ kind: 'instance', namespace: 'default', service: 'pay', actor: 'rest@10.0.0.1' }, change)).toBe(true)
    for (const query of [{ kind: 'service' }, { namespace: 'a' }, { service: 'a' }, { actor: 'a' }] as const) {
      expect(isWanted(query, change)).toBe(false)
    }
  })
})
