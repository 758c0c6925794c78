import { describe, expect, it, vi } from 'vitest'
import type { Change } from '../api/client'

vi.stubGlobal('location', { origin: 'http://localhost' })
const { grown, isWanted } = await import('./use-tail')

const change = { kind: 'instance', namespace: 'default', service: 'pay', actor: 'rest@10.0.0.1', at: '2026-01-02T10:00:00Z' } as Change

describe('isWanted', () => {
  it('asks for every filter', () => {
    expect(isWanted({}, change)).toBe(true)
    expect(isWanted({ kind: 'instance', namespace: 'default', service: 'pay', actor: 'rest@10.0.0.1' }, change)).toBe(true)
    for (const query of [{ kind: 'service' }, { namespace: 'a' }, { service: 'a' }, { rule: 'a' }, { actor: 'a' }, { since: '2026-01-02T10:00:01Z' }] as const) {
      expect(isWanted(query, change)).toBe(false)
    }
  })
})

const changes = (...revisions: number[]) => revisions.map((revision) => ({ revision }) as Change)
const revisionsOf = (tail: Change[]) => tail.map(({ revision }) => revision)

describe('grown', () => {
  it('puts what is newer before', () => {
    const tail = grown({ changes: changes(2, 1), missed: 0 }, changes(4, 3))
    expect([revisionsOf(tail.changes), tail.missed]).toEqual([[4, 3, 2, 1], 0])
  })

  it('has no hole when it was full', () => {
    const full = changes(...Array.from({ length: 2_000 }, (_, index) => 2_000 - index))
    const once = grown({ changes: full, missed: 0 }, changes(2_001))
    const twice = grown(once, changes(2_003, 2_002))
    expect([twice.changes, twice.missed]).toEqual([full, 3])
  })
})
