import { describe, expect, it } from 'vitest'
import { EMPTY_FORM, faultsOf, formOf, readForm } from './form'

describe('readForm', () => {
  it('reads lists with commas or blanks', () => {
    const form = { ...EMPTY_FORM, name: 'pay', ports: '80, 443', exportTo: 'a b,*', protect: '0.5' }
    expect(readForm(form)).toMatchObject({ ports: [80, 443], export_to: ['a', 'b', '*'], protect_threshold: 0.5 })
  })

  it('reads what it shows', () => {
    const said = {
      owners: ' ann ',
      department: 'd',
      business: 'b',
      comment: 'c',
      ports: [80, 443],
      protect_threshold: 0.25,
      export_to: ['*'],
      metadata: { 'a=b': 'x', cert: 'one\ntwo=y', sp: ' z ' },
    }
    expect(readForm(formOf(said, EMPTY_FORM))).toEqual(said)
  })

  it('names what cannot be told', () => {
    expect(faultsOf({ ...EMPTY_FORM, ports: '80, x' })).toEqual({ port: 'x' })
    expect(faultsOf({ ...EMPTY_FORM, ports: '80, 65536' })).toEqual({ port: '65536' })
    expect(faultsOf({ ...EMPTY_FORM, protect: 'half' })).toEqual({ protect: 'half' })
    expect(faultsOf({ ...EMPTY_FORM, protect: '' })).toEqual({ protect: '' })
    expect(faultsOf({ ...EMPTY_FORM, metadata: 'x' })).toEqual({ metadata: { is: 'line', line: 1 } })
    expect(readForm({ ...EMPTY_FORM, protect: '2' })).toBeUndefined()
    expect(faultsOf(EMPTY_FORM)).toEqual({})
  })
})
