import { describe, expect, it } from 'vitest'
import { countsHistory } from './counts'

const sample = (at: number, instances: number) => ({ at, services: 1, instances, unhealthy: 0, isolated: 0 })

describe('countsHistory', () => {
  it('is the last sample at each step, and nothing before the first', () => {
    const samples = [sample(12, 1), sample(20, 2), sample(40, 3)]
    const history = countsHistory(samples, { from: 0, to: 40, steps: 4 })
    expect(history.map((one) => one?.instances ?? null)).toEqual([null, null, 2, 2, 3])
  })

  it('is unknown without samples', () => {
    expect(countsHistory([], { from: 0, to: 10, steps: 1 })).toEqual([null, null])
  })
})
