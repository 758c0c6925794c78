import { describe, expect, it } from 'vitest'
import type { Instance } from '../api/client'
import { knownLabels } from './labels'

const instance = (version: string, metadata: Record<string, string>) =>
  ({ version, protocol: '', metadata, location: { region: 'eu', zone: '', campus: '' } }) as Instance

describe('knownLabels', () => {
  it('counts the values of each label, and lets metadata come first', () => {
    const known = knownLabels([instance('v1', { env: 'prod' }), instance('v2', { env: 'prod' }), instance('v2', { version: 'mine' })])
    expect(known.get('env')).toEqual(new Map([['prod', 2]]))
    expect(known.get('version')).toEqual(new Map([['v1', 1], ['v2', 1], ['mine', 1]]))
    expect(known.get('region')).toEqual(new Map([['eu', 3]]))
    expect(known.has('zone')).toBe(false)
  })

  it('is empty without instances', () => {
    expect(knownLabels([]).size).toBe(0)
  })
})
