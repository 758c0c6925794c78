import { describe, expect, it } from 'vitest'
import { around, compareRules, inOrder, moved, type Ordered, reprioritize } from './order'

const rule = (name: string, priority?: number): Ordered => ({ namespace: 'default', name, ...(priority === undefined ? {} : { priority }) })

function after(wanted: Ordered[]): Ordered[] {
  const changes = new Map(reprioritize(wanted)?.map(({ rule: { name }, priority }) => [name, priority]))
  return wanted.map((one) => ({ ...one, priority: changes.get(one.name) ?? one.priority ?? 0 }))
}

/** Numbers that look random, and are the same each time. */
function* random(seed: number): Generator<number, never> {
  let state = seed
  for (;;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    yield state / 2_147_483_648
  }
}

function shuffled<T>(list: T[], numbers: Generator<number, never>): T[] {
  const rest = [...list]
  return list.map(() => rest.splice(Math.floor(numbers.next().value * rest.length), 1)[0] as T)
}

/** The most rules that can stay as they are, by trying every choice. */
function mostKept(wanted: Ordered[]): number {
  let most = 0
  for (let choice = 0; choice < 2 ** wanted.length; choice += 1) {
    const kept = wanted.map((_, index) => (choice & (1 << index)) !== 0)
    const places = [-1, ...[...wanted.keys()].filter((index) => kept[index]), wanted.length]
    const priority = (at: number) => (at < 0 ? -1 : (wanted[at]?.priority ?? 10_001))
    const isPossible = places.slice(1).every((at, index) => {
      const before = places[index] ?? -1
      const [one, other] = [wanted[before], wanted[at]]
      if (at === before + 1 && one && other) return compareRules(one, other) < 0
      return priority(at) - priority(before) >= at - before
    })
    if (isPossible) most = Math.max(most, kept.filter(Boolean).length)
  }
  return most
}

describe('reprioritize', () => {
  it('writes nothing where nothing moved', () => {
    expect(reprioritize([rule('a', 1), rule('b', 1), rule('c', 5)])).toEqual([])
    expect(reprioritize([])).toEqual([])
  })

  it('gives the one that moved a priority between its neighbours', () => {
    expect(reprioritize([rule('a', 10), rule('c', 30), rule('b', 20)])).toHaveLength(1)
    expect(reprioritize([rule('c', 90), rule('a', 10), rule('b', 20)])).toEqual([{ rule: rule('c', 90), priority: 4 }])
    expect(reprioritize([rule('b', 20), rule('c', 30), rule('a', 10)])).toEqual([{ rule: rule('a', 10), priority: 40 }])
  })

  it('makes room where there is none', () => {
    expect(after([rule('b', 0), rule('a', 0)])).toEqual([rule('b', 0), rule('a', 10)])
    expect(after([rule('c'), rule('b'), rule('a')]).map(({ priority }) => priority)).toEqual([0, 10, 20])
  })

  it('stays within what is allowed', () => {
    expect(after([rule('b', 10_000), rule('a', 10_000)])).toEqual([rule('b', 4_999), rule('a', 10_000)])
  })

  it('leads to the order that was asked for, with the fewest changes', () => {
    const numbers = random(7)
    const next = () => numbers.next().value
    for (let round = 0; round < 300; round += 1) {
      const size = 1 + Math.floor(next() * 7)
      const width = [1, 3, 20, 10_001][round % 4] ?? 1
      const names = shuffled([...'abcdefg'].slice(0, size), numbers)
      const wanted = names.map((name) => rule(name, Math.floor(next() * width)))
      const reached = after(wanted)
      expect(reached.toSorted(compareRules)).toEqual(reached)
      expect(reached.every(({ priority = 0 }) => priority >= 0 && priority <= 10_000)).toBe(true)
      expect(reprioritize(wanted)).toHaveLength(size - mostKept(wanted))
    }
  })

  it('moves many rather than none where there is no room before them', () => {
    expect(reprioritize([rule('z'), rule('a'), rule('b'), rule('c')])).toHaveLength(3)
  })
})

describe('around', () => {
  it('shows what matters with its neighbours, and counts the others', () => {
    const list = ['a', 'b', 'c', 'd', 'E', 'f', 'G', 'h', 'i']
    expect(around(list, (one) => one === one.toUpperCase())).toEqual([
      { index: 0, skipped: 3 },
      { index: 3, row: 'd' },
      { index: 4, row: 'E' },
      { index: 5, row: 'f' },
      { index: 6, row: 'G' },
      { index: 7, row: 'h' },
      { index: 8, row: 'i' },
    ])
    expect(around([], () => true)).toEqual([])
  })
})

describe('moved', () => {
  it('takes one out and puts it in', () => {
    expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a'])
    expect(moved(['a', 'b', 'c'], 2, 0)).toEqual(['c', 'a', 'b'])
    expect(moved(['a'], 3, 0)).toEqual(['a'])
  })
})

const names = (wished: string[] | null, ...known: string[]) => inOrder(known.map((name) => ({ ...rule(name), namespace: 'n' })), wished).map(({ name }) => name)

describe('inOrder', () => {
  it('is as it is without a wish', () => {
    expect(names(null, 'a', 'b')).toEqual(['a', 'b'])
  })

  it('keeps a wish while rules come and go', () => {
    expect(names(['n/c', 'n/a', 'n/b'], 'a', 'b', 'c')).toEqual(['c', 'a', 'b'])
    expect(names(['n/c', 'n/a', 'n/b'], 'a', 'c')).toEqual(['c', 'a'])
    expect(names(['n/b', 'n/a'], '0', 'a', 'a2', 'b')).toEqual(['0', 'b', 'a', 'a2'])
  })

  it('leaves rules behind the list where they are', () => {
    const wanted = [rule('b', 20), rule('c', 30), rule('a', 10)]
    const free = reprioritize(wanted) ?? []
    expect(free.map(({ rule: { name }, priority }) => [name, priority])).toEqual([['a', 40]])
    const bound = new Map(reprioritize(wanted, 30)?.map(({ rule: { name }, priority }) => [name, priority]))
    const priorities = wanted.map(({ name, priority = 0 }) => bound.get(name) ?? priority)
    expect(priorities).toEqual(priorities.toSorted((one, other) => one - other))
    expect(priorities.at(-1)).toBeLessThanOrEqual(30)
  })
})
