import { describe, expect, it } from 'vitest'
import type { Instance } from '../api/client'
import { EMPTY_TALLY, itemOf, joined, tally, undoOf } from './bulk'

const instance = (id: string, weight: number, isolated = false) => ({ id, weight, isolated }) as Instance

describe('tally', () => {
  it('counts what changes, not what was so already, and what is refused', () => {
    const asked = [instance('a', 1), instance('b', 5), instance('c', 1)]
    const problem = { type: '', title: '', status: 404, detail: '', code: 'not_found', request_id: '' } as const
    const answers = [
      { status: 200, instance: instance('a', 5) },
      { status: 200, instance: instance('b', 5) },
      { status: 404, problem },
    ]
    expect(tally(asked, answers)).toEqual({ changed: [asked[0]], refused: 1, total: 3 })
  })

  it('adds up', () => {
    const one = { changed: [instance('a', 1)], refused: 1, total: 2 }
    expect(joined(EMPTY_TALLY, one)).toEqual(one)
    expect(joined(one, one)).toMatchObject({ refused: 2, total: 4 })
  })
})

describe('undoOf', () => {
  it('leads back', () => {
    const before = instance('a', 7, true)
    expect(itemOf({ does: 'weigh', weight: 0 }, before)).toEqual({ patch: { id: 'a', weight: 0 } })
    expect(undoOf({ does: 'weigh', weight: 0 }, before)).toEqual({ patch: { id: 'a', weight: 7 } })
    expect(itemOf({ does: 'restore' }, before)).toEqual({ patch: { id: 'a', isolated: false } })
    expect(undoOf({ does: 'restore' }, before)).toEqual({ patch: { id: 'a', isolated: true } })
  })
})
