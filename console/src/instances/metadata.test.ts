import { describe, expect, it } from 'vitest'
import { metadataPatch } from './metadata'

describe('metadataPatch', () => {
  it('sets what changed and removes what went', () => {
    expect(metadataPatch({ a: '1', b: '2', c: '3' }, { a: '1', b: '5', d: '4' })).toEqual({ b: '5', d: '4', c: null })
  })

  it('sees keys that every object has as any other', () => {
    expect(metadataPatch({ constructor: '1' }, {})).toEqual({ constructor: null })
  })

  it('is empty between equals', () => {
    expect(metadataPatch({ a: '1' }, { a: '1' })).toEqual({})
  })
})
