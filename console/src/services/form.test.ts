import { describe, expect, it } from 'vitest'
import { EMPTY_FORM, parseMetadata, specOf } from './form'

describe('parseMetadata', () => {
  it('reads one entry a line', () => {
    expect(parseMetadata('a=1\n\n b = x=y \n')).toEqual({ a: '1', b: 'x=y' })
    expect(parseMetadata('')).toEqual({})
  })

  it('names the line that is none', () => {
    expect(parseMetadata('a=1\nb')).toBe(2)
    expect(parseMetadata('=1')).toBe(1)
  })
})

describe('specOf', () => {
  it('reads lists with commas or blanks', () => {
    const form = { ...EMPTY_FORM, name: 'pay', ports: '80, 443', exportTo: 'a b,*', protect: '0.5' }
    expect(specOf(form)).toMatchObject({ ports: [80, 443], export_to: ['a', 'b', '*'], protect_threshold: 0.5 })
  })

  it('names what is no number', () => {
    expect(specOf({ ...EMPTY_FORM, ports: '80, x' })).toEqual({ field: 'ports', text: 'x' })
    expect(specOf({ ...EMPTY_FORM, protect: 'half' })).toEqual({ field: 'protect_threshold', text: 'half' })
    expect(specOf({ ...EMPTY_FORM, metadata: 'x' })).toEqual({ field: 'metadata', line: 1 })
  })
})
