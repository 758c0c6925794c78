import { describe, expect, it } from 'vitest'
import { isUpTo, parseMoment } from './moment'

describe('parseMoment', () => {
  it('reads revisions and times', () => {
    expect(parseMoment('42')).toEqual({ is: 'revision', revision: 42 })
    expect(parseMoment('2026-01-02T10:42:00Z')).toEqual({ is: 'time', at: new Date(Date.UTC(2026, 0, 2, 10, 42)) })
    expect(parseMoment('2026-01-02T10:42:00.5+02:00')).toEqual({ is: 'time', at: new Date(Date.UTC(2026, 0, 2, 8, 42, 0, 500)) })
  })

  it('knows what is neither', () => {
    for (const text of ['', 'yesterday', '-1', '1e3', '2026-01-02', '2026-13-02T10:42:00Z', '2026-01-02T10:42:00', '99999999999999999999']) {
      expect(parseMoment(text)).toBeUndefined()
    }
  })
})

describe('isUpTo', () => {
  it('takes what was written by then', () => {
    const written = { revision: 42, at: '2026-01-02T10:42:00.5Z' }
    for (const asOf of ['42', '43', '2026-01-02T10:42:00.5Z', '2026-01-02T12:43:00+01:00']) expect(isUpTo(asOf, written), asOf).toBe(true)
    for (const asOf of ['41', '2026-01-02T10:42:00Z']) expect(isUpTo(asOf, written), asOf).toBe(false)
  })
})
