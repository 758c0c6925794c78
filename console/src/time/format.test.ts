import { describe, expect, it } from 'vitest'
import { en } from '../i18n/en'
import { ago, clock, duration, fullTime, localInput, timeOfDay } from './format'

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
    expect(clock(new Date(2026, 0, 1, 10, 42, 7), now, 'en')).toBe('1 Jan, 10:42:07')
  })

  it('counts 24 hours in both languages', () => {
    const afternoon = new Date(2026, 0, 1, 17, 33, 28)
    for (const language of ['en', 'zh'] as const) {
      expect(timeOfDay(afternoon)).toBe('17:33:28')
      expect(clock(afternoon, new Date(2026, 0, 2), language)).toContain('17:33:28')
      expect(fullTime(afternoon, language)).toContain('17:33:28')
    }
    expect(timeOfDay(new Date(2026, 0, 1, 0, 5, 9))).toBe('00:05:09')
  })

  it('gives an input the local time', () => {
    expect(localInput(new Date(2026, 0, 2, 10, 42, 7))).toBe('2026-01-02T10:42:07')
  })
})
