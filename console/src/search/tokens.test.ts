import { describe, expect, it } from 'vitest'
import { anywhere, complete, parseSearch, suggest } from './tokens'

const grammar = { health: ['healthy', 'unhealthy'], ip: null, metadata: null }

describe('parseSearch', () => {
  it('reads words and tokens', () => {
    expect(parseSearch('pay health:unhealthy ip:10.0.* metadata.env:prod metadata.url:http://x', grammar)).toEqual({
      word: 'pay',
      values: { health: 'unhealthy', ip: '10.0.*' },
      metadata: ['env:prod', 'url:http://x'],
      faults: [],
    })
  })

  it('reads nothing from nothing', () => {
    expect(parseSearch('  ', grammar)).toEqual({ word: '', values: {}, metadata: [], faults: [] })
  })

  it('names what it does not know', () => {
    for (const [text, fault] of [
      ['zone:a', { is: 'unknown', key: 'zone' }],
      ['metadata:a', { is: 'unknown', key: 'metadata' }],
      ['ip.a:b', { is: 'unknown', key: 'ip.a' }],
      ['ip:', { is: 'empty', key: 'ip' }],
      [String.raw`metadata.a\:b`, { is: 'empty', key: 'metadata.a\\' }],
      ['ip:1 ip:2', { is: 'twice', key: 'ip' }],
      ['health:poor', { is: 'value', key: 'health', allowed: ['healthy', 'unhealthy'] }],
      ['a b', { is: 'oneWord' }],
    ] as const) {
      expect(parseSearch(text, grammar).faults, text).toEqual([fault])
    }
  })

  it('knows shorter words for values', () => {
    expect(parseSearch('health:bad', grammar)).toMatchObject({ values: { health: 'unhealthy' }, faults: [] })
    expect(parseSearch('ip:bad', grammar)).toMatchObject({ values: { ip: 'bad' }, faults: [] })
    expect(parseSearch('health:yes', grammar).faults).toEqual([{ is: 'value', key: 'health', allowed: grammar.health }])
  })

  it('knows no keys but those of the grammar, whatever every object has', () => {
    for (const key of ['constructor', 'zone']) {
      expect(parseSearch(`${key}:x`, grammar).faults).toEqual([{ is: 'unknown', key }])
      expect(suggest(`${key}:`, grammar)).toEqual([])
    }
  })

  it('knows that a word stands for a token', () => {
    expect(parseSearch('10.0 ip:10.1', grammar, 'ip').faults).toEqual([{ is: 'twice', key: 'ip' }])
    expect(parseSearch('10.0', grammar, 'ip').faults).toEqual([])
  })

  it('takes what is quoted as it is', () => {
    expect(parseSearch('"ip:x"', grammar)).toMatchObject({ word: 'ip:x', faults: [] })
  })
})

describe('suggest', () => {
  it('offers keys, then values', () => {
    expect(suggest('', grammar)).toEqual(['health:', 'ip:', 'metadata.'])
    expect(suggest('pay h', grammar)).toEqual(['health:'])
    expect(suggest('health:', grammar)).toEqual(['health:healthy', 'health:unhealthy'])
    expect(suggest('health:u', grammar)).toEqual(['health:unhealthy'])
    expect(suggest('health:unhealthy', grammar)).toEqual([])
    expect(suggest('ip:1', grammar)).toEqual([])
  })

  it('completes the last word', () => {
    expect(complete('pay hea', 'health:')).toBe('pay health:')
    expect(complete('pay health:u', 'health:unhealthy')).toBe('pay health:unhealthy ')
  })
})

describe('anywhere', () => {
  it('leaves a pattern as it is', () => {
    expect(anywhere('pay')).toBe('*pay*')
    expect(anywhere('pay*')).toBe('pay*')
  })
})
