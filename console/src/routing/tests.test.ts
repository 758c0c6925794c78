import { describe, expect, it } from 'vitest'
import { OPERATORS } from './noun'
import { labelOf, testOf, withKind, withOperator } from './tests'

describe('withOperator', () => {
  it('keeps what was asked for where it can', () => {
    expect(withOperator({ op: 'exact', value: 'v2' }, 'in')).toEqual({ op: 'in', values: ['v2'] })
    expect(withOperator({ op: 'in', values: ['v2', 'v3'] }, 'regex')).toEqual({ op: 'regex', value: 'v2' })
    expect(withOperator({ op: 'exact', value: '' }, 'not_in')).toEqual({ op: 'not_in', values: [] })
    expect(withOperator({ op: 'range', min: 1, max: 9 }, 'present')).toEqual({ op: 'present' })
  })

  it('leaves the fact that is tested alone', () => {
    for (const op of OPERATORS) {
      expect(withOperator({ on: 'header', key: 'x-user', op: 'exact', value: '4' } as never, op)).toMatchObject({ on: 'header', key: 'x-user', op })
    }
  })
})

describe('labels', () => {
  it('are said shortly where a text is asked for', () => {
    expect(labelOf(testOf('v2'))).toBe('v2')
    expect(labelOf({ op: 'present' })).toEqual({ op: 'present' })
    expect(testOf('v2')).toEqual({ op: 'exact', value: 'v2' })
  })
})

describe('withKind', () => {
  it('has a key only where there are many', () => {
    expect(withKind({ on: 'header', key: 'x' }, 'path')).toEqual({ on: 'path' })
    expect(withKind({ on: 'path' }, 'query')).toEqual({ on: 'query', key: '' })
    expect(withKind({ on: 'header', key: 'x' }, 'cookie')).toEqual({ on: 'cookie', key: 'x' })
  })
})
