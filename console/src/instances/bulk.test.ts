import { describe, expect, it } from 'vitest'
import type { Instance } from '../api/client'
import { EMPTY_TALLY, isAsShown, joined, stepOf, tally, undoOf } from './bulk'

const instance = (id: string, weight: number, isolated = false) => ({ id, weight, isolated }) as Instance

describe('tally', () => {
  it('counts what changes, not what was so already, and what is refused', () => {
    const asked = [instance('a', 1), instance('b', 5), instance('c', 1)].map((one) => stepOf({ does: 'weigh', weight: 5 }, one))
    const problem = { type: '', title: '', status: 404, detail: '', code: 'not_found', request_id: '' } as const
    const answers = [
      { status: 200, instance: instance('a', 5) },
      { status: 200, instance: instance('b', 5) },
      { status: 404, problem },
    ]
    const changed = [{ before: instance('a', 1), after: instance('a', 5) }]
    expect(tally(asked, answers)).toEqual({ changed, refused: 1, total: 3 })
  })

  it('adds up', () => {
    const one = { changed: [{ before: instance('a', 1), after: instance('a', 2) }], refused: 1, total: 2 }
    expect(joined(EMPTY_TALLY, one)).toEqual(one)
    expect(joined(one, one)).toMatchObject({ refused: 2, total: 4 })
  })
})

describe('undoOf', () => {
  it('leads back', () => {
    const weighed = { before: instance('a', 7), after: instance('a', 0) }
    expect(stepOf({ does: 'weigh', weight: 0 }, weighed.before)).toEqual({ shown: weighed.before, to: { weight: 0 } })
    expect(undoOf(weighed)).toEqual({ shown: weighed.after, to: { weight: 7 } })
    const restored = { before: instance('a', 7, true), after: instance('a', 7) }
    expect(stepOf({ does: 'restore' }, restored.before)).toEqual({ shown: restored.before, to: { isolated: false } })
    expect(undoOf(restored)).toEqual({ shown: restored.after, to: { isolated: true } })
  })
})

describe('isAsShown', () => {
  it('asks for the part alone that a step changes', () => {
    const shown = instance('a', 7)
    expect(isAsShown(stepOf({ does: 'weigh', weight: 1 }, shown), instance('a', 7, true))).toBe(true)
    expect(isAsShown(stepOf({ does: 'weigh', weight: 1 }, shown), instance('a', 8))).toBe(false)
    expect(isAsShown(stepOf({ does: 'isolate' }, shown), instance('a', 8))).toBe(true)
    expect(isAsShown(stepOf({ does: 'isolate' }, shown), instance('a', 7, true))).toBe(false)
  })
})
