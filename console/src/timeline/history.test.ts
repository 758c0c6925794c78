import { describe, expect, it } from 'vitest'
import type { Change, Instance } from '../api/client'
import { healthSince, stretches } from './history'

const time = (minute: number) => `2026-01-02T10:${String(minute).padStart(2, '0')}:00Z`
const ms = (minute: number) => Date.parse(time(minute))

function instance(health: Instance['health'], isolated = false): Instance {
  const where = { namespace: 'default', service: 'pay', id: 'pay-1', host: '10.0.0.7', port: 80 }
  const what = { protocol: '', version: '', weight: 100, metadata: {}, location: {}, health_check: { type: 'none' } }
  const stamps = { revision: 1, created_revision: 1, created_at: time(0), modified_at: time(9) }
  return { ...where, ...what, ...stamps, health, isolated } as Instance
}

function change(minute: number, before: Instance | null, after: Instance | null): Change {
  const where = { kind: 'instance', namespace: 'default', service: 'pay', instance: 'pay-1' } as const
  return { ...where, revision: minute, at: time(minute), actor: 'a', request_id: '', before, after }
}

const [good, bad, out] = [instance('healthy'), instance('unhealthy'), instance('healthy', true)]

const axis = (from: number, to: number, knownFrom = 0) => ({ from: ms(from), to: ms(to), knownFrom: ms(knownFrom) })

describe('stretches', () => {
  it('goes from state to state', () => {
    const changes = [change(10, null, good), change(20, good, bad), change(30, bad, good), change(40, good, out), change(50, out, null)]
    expect(stretches(changes, null, axis(0, 59))).toEqual([
      { from: ms(0), to: ms(10), state: 'absent' },
      { from: ms(10), to: ms(20), state: 'healthy' },
      { from: ms(20), to: ms(30), state: 'unhealthy' },
      { from: ms(30), to: ms(40), state: 'healthy' },
      { from: ms(40), to: ms(50), state: 'isolated' },
      { from: ms(50), to: ms(59), state: 'absent' },
    ])
  })

  it('begins in the state that changes before the window left', () => {
    expect(stretches([change(10, good, bad)], bad, axis(20, 30))).toEqual([{ from: ms(20), to: ms(30), state: 'unhealthy' }])
  })

  it('is as it is now when nothing changed', () => {
    expect(stretches([], good, axis(0, 1))).toEqual([{ from: ms(0), to: ms(1), state: 'healthy' }])
  })

  it('joins changes that leave the state alone', () => {
    const heavier = { ...good, weight: 200 }
    expect(stretches([change(10, good, heavier)], heavier, axis(0, 20))).toHaveLength(1)
  })

  it('knows nothing of what was before the log', () => {
    expect(stretches([change(30, good, bad)], bad, axis(0, 40, 20))).toEqual([
      { from: ms(0), to: ms(20), state: 'unknown' },
      { from: ms(20), to: ms(30), state: 'healthy' },
      { from: ms(30), to: ms(40), state: 'unhealthy' },
    ])
  })

  it('leaves out what came after the window', () => {
    expect(stretches([change(40, good, bad)], bad, axis(0, 20))).toEqual([{ from: ms(0), to: ms(20), state: 'healthy' }])
  })
})

describe('healthSince', () => {
  it('is the last turn of the health', () => {
    const changes = [change(30, bad, { ...bad, weight: 1 }), change(20, good, bad), change(10, null, good)]
    expect(healthSince([bad], changes).get('pay-1')).toEqual({ at: time(20), isExact: true })
  })

  it('is the registration when the health never turned', () => {
    expect(healthSince([good], [change(3, null, good)]).get('pay-1')).toEqual({ at: time(3), isExact: true })
  })

  it('is longer than all that is known when the log does not reach back', () => {
    const changes = [change(30, good, { ...good, weight: 1 })]
    expect(healthSince([good], changes).get('pay-1')).toEqual({ at: time(9), isExact: false })
    expect(healthSince([{ ...good, modified_at: time(40) }], changes).get('pay-1')).toEqual({ at: time(30), isExact: false })
    expect(healthSince([good], []).get('pay-1')).toEqual({ at: time(9), isExact: false })
  })
})
