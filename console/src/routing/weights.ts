/** What a group of targets shares. */
export const WHOLE = 100

/**
 * Whole numbers that stand to each other as some weights do, and are exactly `whole` together.
 *
 * Weights that are all 0 get equal parts: there is nothing to go by.
 */
export function shares(weights: readonly number[], whole: number = WHOLE): number[] {
  if (weights.length === 0) return []
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const exact = weights.map((weight) => (sum === 0 ? whole / weights.length : (weight * whole) / sum))
  const parts = exact.map(Math.floor)
  const left = whole - parts.reduce((total, part) => total + part, 0)
  const byRest = exact.map((value, index) => ({ index, rest: value - Math.floor(value) })).toSorted((one, other) => other.rest - one.rest)
  for (const { index } of byRest.slice(0, Math.round(left))) parts[index] = (parts[index] ?? 0) + 1
  return parts
}

/**
 * Gives one target a share, and what is left to the others as they stood to each other.
 *
 * Those that are locked keep theirs; so the one gets no more than they leave, and all of it where
 * nobody else can take any.
 */
export function link(weights: readonly number[], at: number, wanted: number, locked: ReadonlySet<number> = new Set()): number[] {
  const now = shares(weights)
  const held = now.reduce((total, share, index) => (locked.has(index) && index !== at ? total + share : total), 0)
  const free = [...now.keys()].filter((index) => index !== at && !locked.has(index))
  const most = WHOLE - held
  const value = free.length === 0 ? most : Math.min(most, Math.max(0, Math.round(wanted)))
  const rest = shares(free.map((index) => now[index] ?? 0), most - value)
  const next = [...now]
  next[at] = value
  for (const [place, index] of free.entries()) next[index] = rest[place] ?? 0
  return next
}
