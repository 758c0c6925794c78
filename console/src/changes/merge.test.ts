import { describe, expect, it } from 'vitest'
import type { Change } from '../api/client'
import { merged } from './merge'

const change = (revision: number) => ({ revision }) as Change

describe('merged', () => {
  it('has each change once', () => {
    const revisions = merged([change(5), change(4), change(3)], [change(4), change(3), change(1)]).map(({ revision }) => revision)
    expect(revisions).toEqual([5, 4, 3, 1])
  })

  it('is the tail when there is no page', () => {
    expect(merged([change(2)], [])).toEqual([change(2)])
  })
})
