import { describe, expect, it } from 'vitest'
import { steady } from './steady'

const row = (id: string, weight = 1) => ({ id, weight })
const byId = ({ id }: { id: string }) => id

describe('steady', () => {
  it('shows new content in the old place', () => {
    const { rows, moved } = steady([row('a'), row('b')], [row('b', 2), row('a', 3)], byId)
    expect(rows).toEqual([row('a', 3), row('b', 2)])
    expect(moved).toBe(0)
  })

  it('lets what came wait and what went stay', () => {
    const { rows, moved } = steady([row('a'), row('b')], [row('0'), row('b', 2), row('c')], byId)
    expect(rows).toEqual([row('a'), row('b', 2)])
    expect(moved).toBe(3)
  })
})
