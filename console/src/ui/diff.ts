/** One place where two JSON values differ. */
export interface Difference {
  path: string
  before: unknown
  after: unknown
}

/** What an entry of an object is; people name entries, and may name them as what every object has. */
export const entryOf = (entries: Record<string, unknown>, key: string): unknown => (Object.hasOwn(entries, key) ? entries[key] : undefined)

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Where two JSON values differ, in the order of their keys.
 *
 * Objects are compared entry by entry, lists as a whole; what is missing is `undefined`.
 */
export function differences(before: unknown, after: unknown, path = ''): Difference[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return keys.flatMap((key) => differences(entryOf(before, key), entryOf(after, key), path ? `${path}.${key}` : key))
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }]
}

/** A line of a JSON text and in which of two values it is. */
export interface DiffLine {
  sign: ' ' | '-' | '+'
  text: string
}

/** Two JSON values as lines of text, with those that only one of them has marked. */
export function diffLines(before: unknown, after: unknown): DiffLine[] {
  const [old, fresh] = [linesOf(before), linesOf(after)]
  const common = longestCommon(old, fresh)
  const lines: DiffLine[] = []
  let [i, j] = [0, 0]
  for (const [oldAt, freshAt] of [...common, [old.length, fresh.length] as const]) {
    while (i < oldAt) lines.push({ sign: '-', text: old[i++] ?? '' })
    while (j < freshAt) lines.push({ sign: '+', text: fresh[j++] ?? '' })
    if (i < old.length) lines.push({ sign: ' ', text: old[i++] ?? '' })
    j += 1
  }
  return lines
}

const linesOf = (value: unknown) =>
  value === null || value === undefined ? [] : JSON.stringify(value, null, 2).split('\n')

/** The places of the longest common subsequence; things of the log are short, so a table will do. */
function longestCommon(a: string[], b: string[]): [number, number][] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1))
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = lengths[i]
      if (row) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const places: [number, number][] = []
  let [i, j] = [0, 0]
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) places.push([i++, j++])
    else if (at(i + 1, j) >= at(i, j + 1)) i += 1
    else j += 1
  }
  return places
}
