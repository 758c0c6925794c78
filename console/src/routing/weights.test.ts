import { describe, expect, it } from 'vitest'
import { link, shares } from './weights'

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)

/** Whole numbers below a bound that look random, and are the same each time. */
function below(seed: number) {
  let state = seed
  return (bound: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * bound)
  }
}

describe('link', () => {
  it('takes from the others as they stand to each other', () => {
    expect(link([70, 30], 1, 50)).toEqual([50, 50])
    expect(link([60, 30, 10], 2, 40)).toEqual([40, 20, 40])
    expect(link([100, 0], 0, 40)).toEqual([40, 60])
    expect(link([100, 0, 0], 0, 50)).toEqual([50, 25, 25])
  })

  it('leaves what is locked alone', () => {
    expect(link([50, 30, 20], 0, 60, new Set([2]))).toEqual([60, 20, 20])
    expect(link([50, 30, 20], 0, 99, new Set([2]))).toEqual([80, 0, 20])
    expect(link([50, 30, 20], 0, 10, new Set([1, 2]))).toEqual([50, 30, 20])
  })

  it('gives everything to one that is alone', () => {
    expect(link([70], 0, 20)).toEqual([100])
  })

  it('always sums to 100, whatever is moved', () => {
    const number = below(11)
    for (let round = 0; round < 600; round += 1) {
      let weights = Array.from({ length: 1 + number(8) }, () => number([2, 101, 10_001][round % 3] ?? 2))
      const locked = new Set(weights.map((_, index) => index).filter(() => number(4) === 0))
      for (let move = 0; move < 5; move += 1) {
        const [at, wanted] = [number(weights.length), number(101)]
        const before = shares(weights)
        weights = link(weights, at, wanted, locked)
        expect(sum(weights)).toBe(100)
        expect(weights.every((weight) => Number.isInteger(weight) && weight >= 0 && weight <= 100)).toBe(true)
        for (const index of locked) if (index !== at) expect(weights[index]).toBe(before[index])
        const canMove = weights.some((_, index) => index !== at && !locked.has(index))
        const room = 100 - sum(before.filter((_, index) => index !== at && locked.has(index)))
        if (canMove) expect(weights[at]).toBe(Math.min(wanted, room))
      }
    }
  })
})

describe('shares', () => {
  it('are whole and make a whole', () => {
    expect(shares([1, 1, 1])).toEqual([34, 33, 33])
    expect(shares([7_000, 3_000])).toEqual([70, 30])
    expect(shares([0, 0])).toEqual([50, 50])
    expect(shares([])).toEqual([])
  })
})
