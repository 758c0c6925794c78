import { keyOf } from './noun'

/** What of a rule says when it is tried. */
export interface Ordered {
  namespace: string
  name: string
  priority?: number
}

/** A rule that must get another priority. */
export interface Reprioritized<Rule extends Ordered> {
  rule: Rule
  priority: number
}

const MAX_PRIORITY = 10_000
const STEP = 10

const priorityOf = ({ priority = 0 }: Ordered) => priority
const compareText = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)

/** Which of two rules is tried first: by priority, then by name. */
export const compareRules = (one: Ordered, other: Ordered) =>
  priorityOf(one) - priorityOf(other) || compareText(one.name, other.name) || compareText(one.namespace, other.namespace)

/** A list with the element at one place moved to another. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = list.filter((_, index) => index !== from)
  const element = list[from]
  if (element === undefined) return [...list]
  return [...rest.slice(0, to), element, ...rest.slice(to)]
}

/** Rules in a wished order: those that came since stand behind the one that they are tried after. */
export function inOrder<R extends { namespace: string; name: string }>(rules: readonly R[], order: readonly string[] | null): R[] {
  if (!order) return [...rules]
  const byKey = new Map(rules.map((rule) => [keyOf(rule), rule]))
  const wished = order.flatMap((key) => byKey.get(key) ?? [])
  const known = new Set(order)
  for (const [index, rule] of rules.entries()) {
    if (known.has(keyOf(rule))) continue
    const before = rules[index - 1]
    wished.splice(before ? wished.indexOf(before) + 1 : 0, 0, rule)
  }
  return wished
}

/** A row of a list, or how many are left out from there on. */
type Around<T> = { index: number; row: T } | { index: number; skipped: number }

/** The rows of a list that matter, with one before and behind each; others are counted where they are several. */
export function around<T>(list: readonly T[], matters: (row: T) => boolean): Around<T>[] {
  const wanted = list.map(matters)
  const isNear = (index: number) => wanted.slice(Math.max(0, index - 1), index + 2).includes(true)
  const shown: Around<T>[] = []
  for (const [index, row] of list.entries()) {
    const last = shown.at(-1)
    const isAlone = (index === 0 || isNear(index - 1)) && (index === list.length - 1 || isNear(index + 1))
    if (isNear(index) || isAlone) shown.push({ index, row })
    else if (last && 'skipped' in last) last.skipped += 1
    else shown.push({ index, skipped: 1 })
  }
  return shown
}

/**
 * The fewest priorities to change so that rules are tried in the order of a list.
 *
 * A rule that changes gets a priority of its own, so that names decide nothing new, and none beyond a limit,
 * which is what rules begin with that are not in the list. None if there are more rules than priorities.
 */
export function reprioritize<Rule extends Ordered>(wanted: readonly Rule[], limit?: number): Reprioritized<Rule>[] | undefined {
  const kept = longestKept(wanted, limit)
  if (!kept) return undefined
  const changes: Reprioritized<Rule>[] = []
  const ends = [...kept, wanted.length]
  let last = -1
  for (const next of ends) {
    const between = wanted.slice(last + 1, next)
    const below = priorityAt(wanted, last)
    const above = next === wanted.length ? (limit === undefined ? undefined : limit + 1) : priorityAt(wanted, next)
    for (const [index, rule] of between.entries()) {
      changes.push({ rule, priority: spread(below, above, index + 1, between.length) })
    }
    last = next
  }
  return changes
}

/** The priority of a rule of the list; those of the borders are just outside of what is allowed. */
function priorityAt(wanted: readonly Ordered[], index: number, limit = MAX_PRIORITY) {
  const rule = wanted[index]
  if (rule) return priorityOf(rule)
  return index < 0 ? -1 : limit + 1
}

/** The n-th of some priorities between two; after the last rule they come in steps that leave room. */
function spread(below: number, above: number | undefined, nth: number, count: number) {
  if (above === undefined && below + STEP * count <= MAX_PRIORITY) return Math.max(0, below) + STEP * nth - (below < 0 ? STEP : 0)
  const end = above ?? MAX_PRIORITY + 1
  return below + Math.floor(((end - below) * nth) / (count + 1))
}

/** Whether two rules of the list can both keep their priorities, with new ones for those between. */
function canKeep(wanted: readonly Ordered[], one: number, other: number, limit?: number) {
  const [first, second] = [wanted[one], wanted[other]]
  if (other === one + 1 && first && second) return compareRules(first, second) < 0
  return priorityAt(wanted, other, limit) - priorityAt(wanted, one) >= other - one
}

/** The places of the most rules that can keep their priorities. */
function longestKept(wanted: readonly Ordered[], limit?: number): number[] | undefined {
  // For each place, and for the end: how many are kept up to it, and which is the one before.
  const counts = wanted.map(() => 0).concat(0)
  const befores = wanted.map(() => -2).concat(-2)
  for (let at = 0; at <= wanted.length; at += 1) {
    for (let before = at - 1; before >= -1; before -= 1) {
      const count = before < 0 ? 0 : (counts[before] ?? 0)
      const isReached = before < 0 || count > 0
      if (!isReached || count + 1 <= (counts[at] ?? 0) || !canKeep(wanted, before, at, limit)) continue
      counts[at] = count + 1
      befores[at] = before
    }
  }
  const kept: number[] = []
  let at = befores[wanted.length] ?? -2
  if (at < -1) return undefined
  for (; at >= 0; at = befores[at] ?? -1) kept.unshift(at)
  return kept
}
