import { describe, expect, it } from 'vitest'
import type { Change, Instance, Service } from '../api/client'
import { countsHistory } from './counts'

const change = (at: number, kind: Change['kind'], before: unknown, after: unknown) =>
  ({ at: new Date(at).toISOString(), kind, before, after }) as Change

const good = { health: 'healthy', isolated: false } as Instance
const bad = { health: 'unhealthy', isolated: false } as Instance
const out = { health: 'healthy', isolated: true } as Instance

describe('countsHistory', () => {
  it('undoes each change on the way back', () => {
    const now = { services: 1, instances: 1, unhealthy: 0, isolated: 1 }
    const changes = [
      change(35_000, 'instance', good, out),
      change(25_000, 'instance', bad, good),
      change(15_000, 'instance', good, bad),
      change(5_000, 'instance', null, good),
      change(4_000, 'service', null, {} as Service),
    ]
    expect(countsHistory(now, changes, false, { from: 0, to: 40_000, steps: 4 })).toEqual([
      { services: 0, instances: 0, unhealthy: 0, isolated: 0 },
      { services: 1, instances: 1, unhealthy: 0, isolated: 0 },
      { services: 1, instances: 1, unhealthy: 1, isolated: 0 },
      { services: 1, instances: 1, unhealthy: 0, isolated: 0 },
      now,
    ])
  })

  it('knows nothing of what was before changes that are not all', () => {
    const now = { services: 0, instances: 1, unhealthy: 0, isolated: 0 }
    const changes = [change(15_000, 'instance', null, good)]
    const before = { ...now, instances: 0 }
    const axis = { from: 0, to: 20_000, steps: 2 }
    expect(countsHistory(now, changes, true, axis)).toEqual([null, null, now])
    expect(countsHistory(now, changes, false, axis)).toEqual([before, before, now])
  })

  it('is flat when nothing changed', () => {
    const now = { services: 2, instances: 3, unhealthy: 1, isolated: 0 }
    expect(countsHistory(now, [], false, { from: 0, to: 10, steps: 2 })).toEqual([now, now, now])
  })
})
