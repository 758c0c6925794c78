import { describe, expect, it } from 'vitest'
import { bytes, milliseconds } from './format'

describe('bytes', () => {
  it('takes the largest unit that there is one of', () => {
    expect([0, 1023, 1024, 1536, 5 * 1024 ** 2].map(bytes)).toEqual(['0 B', '1,023 B', '1 KiB', '1.5 KiB', '5 MiB'])
  })
})

describe('milliseconds', () => {
  it('keeps three digits', () => {
    expect([0.0001234, 0.01, 1.5].map(milliseconds)).toEqual(['0.123 ms', '10 ms', '1,500 ms'])
  })
})
