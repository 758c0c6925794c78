import { type Clash, isSame, merge } from '../rule/merge'

/** A part of a thing before and after. */
export interface Difference {
  /** JSON pointer to the part. */
  path: string
  before: unknown
  after: unknown
}

/** What two people made of one thing at the same time. */
export interface Overtaken<Spec> {
  /** Both changes; at a clash, mine. */
  spec: Spec
  /** What the other one changed, and I did not. */
  taken: Difference[]
  /** What both changed. */
  clashes: Clash[]
}

type Parts = Record<string, unknown>

const isParts = (value: unknown): value is Parts => typeof value === 'object' && value !== null && !Array.isArray(value)
const keysOf = (pointer: string) => pointer.split('/').slice(1).map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
const pointerTo = (key: string) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`

/** The parts that differ between two states of a thing; a list is one part. */
function differences(before: unknown, after: unknown, path = ''): Difference[] {
  if (isSame(before, after)) return []
  if (!isParts(before) || !isParts(after)) return [{ path, before, after }]
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return keys.flatMap((key) => differences(before[key], after[key], path + pointerTo(key)))
}

const isWithin = (path: string, part: string) => path === part || path.startsWith(`${part}/`)

/** Brings my change of a thing together with that of somebody who was faster. */
export function overtake<Spec extends object>(base: Spec, mine: Spec, theirs: Spec): Overtaken<Spec> {
  const { spec, clashes } = merge(base, mine, theirs, () => true)
  const own = differences(base, mine)
  const taken = differences(base, theirs).filter(({ path }) => !own.some((part) => isWithin(part.path, path) || isWithin(path, part.path)))
  return { spec, taken, clashes }
}

/** A thing with another value at one place of it; none there takes the place out. */
export function withPart<Spec extends object>(spec: Spec, pointer: string, value: unknown): Spec {
  return put(spec, keysOf(pointer), value) as Spec
}

function put(whole: unknown, [key, ...rest]: string[], value: unknown): unknown {
  if (key === undefined) return value
  if (Array.isArray(whole)) return whole.with(Number(key), put(whole[Number(key)], rest, value))
  const parts = isParts(whole) ? whole : {}
  const part = put(parts[key], rest, value)
  const others = Object.entries(parts).filter(([name]) => name !== key)
  return Object.fromEntries(part === undefined ? others : [...others, [key, part]])
}
