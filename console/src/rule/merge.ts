import { entryOf } from '../ui/diff'

/** One part of a rule that two people changed differently. */
export interface Clash {
  /** JSON pointer to the part. */
  path: string
  base: unknown
  mine: unknown
  theirs: unknown
}

/** What becomes of a rule that two people changed. */
export interface Merge<Spec> {
  /** Both changes; at a clash, what is chosen for it, which is theirs unless said otherwise. */
  spec: Spec
  clashes: Clash[]
}

type Entries = Record<string, unknown>

const isEntries = (value: unknown): value is Entries => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether two JSON values say the same, in whatever order their keys are. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, index) => isSame(value, other[index]))
  }
  if (isEntries(one) && isEntries(other)) {
    return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((key) => isSame(entryOf(one, key), entryOf(other, key)))
  }
  return one === other
}

/**
 * Brings two changes of one thing together.
 *
 * Parts that one of the two changed are taken from that one. Lists are taken as a whole unless they
 * kept their length, as nothing says which element is which.
 */
export function merge<Spec extends object>(base: Spec, mine: Spec, theirs: Spec, isMine: (path: string) => boolean = () => false): Merge<Spec> {
  const clashes: Clash[] = []
  const spec = mergeValue('', base, mine, theirs, { clashes, isMine }) as Spec
  return { spec, clashes }
}

interface Choices {
  clashes: Clash[]
  isMine: (path: string) => boolean
}

function mergeValue(path: string, base: unknown, mine: unknown, theirs: unknown, choices: Choices): unknown {
  if (isSame(mine, theirs) || isSame(base, theirs)) return mine
  if (isSame(base, mine)) return theirs
  if (isEntries(mine) && isEntries(theirs)) return mergeEntries(path, isEntries(base) ? base : {}, mine, theirs, choices)
  const lists = aligned(base, mine, theirs)
  if (lists) {
    return lists[1].map((value, index) => mergeValue(`${path}/${index}`, lists[0][index], value, lists[2][index], choices))
  }
  choices.clashes.push({ path, base, mine, theirs })
  return choices.isMine(path) ? mine : theirs
}

function mergeEntries(path: string, base: Entries, mine: Entries, theirs: Entries, choices: Choices): Entries {
  const keys = new Set([...Object.keys(theirs), ...Object.keys(mine)])
  const merged = [...keys].map((key) => {
    const place = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    return [key, mergeValue(place, entryOf(base, key), entryOf(mine, key), entryOf(theirs, key), choices)] as const
  })
  return Object.fromEntries(merged.filter(([, value]) => value !== undefined))
}

/** The three as lists that are as long as each other, if they are. */
function aligned(...lists: [unknown, unknown, unknown]): [unknown[], unknown[], unknown[]] | undefined {
  const [base, mine, theirs] = lists
  if (!Array.isArray(base) || !Array.isArray(mine) || !Array.isArray(theirs)) return undefined
  return base.length === mine.length && mine.length === theirs.length ? [base, mine, theirs] : undefined
}
