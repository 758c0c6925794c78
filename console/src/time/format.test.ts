import { describe, expect, it } from 'vitest'
import { en } from '../i18n/en'
import { ago, clock, duration, localInput } from './format'

describe('duration', () => {
  it('takes the largest unit that fits', () => {
    for (const [ms, expected] of [
      [-5, '0 s'],
      [999, '0 s'],
      [59_999, '59 s'],
      [60_000, '1 min'],
      [3_600_000, '1 h'],
      [47 * 3_600_000, '47 h'],
      [48 * 3_600_000, '2 d'],
    ] as const) {
      expect(duration(ms, en.time)).toBe(expected)
    }
  })

  it('calls less than a second just now', () => {
    expect(ago(200, en.time)).toBe('just now')
    expect(ago(61_000, en.time)).toBe('1 min ago')
  })
})

describe('clock', () => {
  it('leaves out the date of today', () => {
    const now = new Date(2026, 0, 2, 12)
    expect(clock(new Date(2026, 0, 2, 10, 42, 7), now, 'en')).toBe('10:42:07')
    expect(clock(new Date(2026, 0, 1, 10, 42, 7), now, 'en')).toContain('Jan 1')
  })

  it('gives an input the local time', () => {
    expect(localInput(new Date(2026, 0, 2, 10, 42, 7))).toBe('2026-01-02T10:42:07')
  })
})
