import { expect, test, vi } from 'vitest'

vi.stubGlobal('location', { origin: 'http://localhost' })
const { counted, timesOf } = await import('./queries')

const [EARLY, LATE] = ['2026-01-02T10:00:00Z', '2026-01-02T11:00:00Z']

test('a log ends at the earlier of its own end and the moment that is looked at', () => {
  expect(timesOf({}, undefined)).toEqual({})
  expect(timesOf({ since: EARLY, until: LATE }, undefined)).toEqual({ since: EARLY, until: LATE })
  expect(timesOf({ until: LATE }, EARLY)).toEqual({ until: EARLY })
  expect(timesOf({ until: EARLY }, LATE)).toEqual({ until: EARLY })
  expect(timesOf({ until: LATE }, '44')).toEqual({ until: LATE, before: 45 })
  expect(timesOf({ since: 'yesterday', until: '44' }, undefined)).toEqual({})
})

test('what was seen is offered by how often it was', () => {
  expect(counted(['ann', undefined, 'bob', 'bob'])).toEqual([
    { value: 'bob', context: '× 2' },
    { value: 'ann', context: '× 1' },
  ])
})
