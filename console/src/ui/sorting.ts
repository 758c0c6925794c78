const field = (sort: string) => sort.replace(/^-/, '')

const reversed = (sort: string) => (sort.startsWith('-') ? field(sort) : `-${sort}`)

/** How the rows are sorted by what a column sorts by. */
export function sortOf(by: string, sort: string | undefined): 'none' | 'ascending' | 'descending' {
  if (sort === undefined || field(sort) !== field(by)) return 'none'
  return sort.startsWith('-') ? 'descending' : 'ascending'
}

/** What the next click on a column sorts by: its way, the other way, then none. */
export function nextSort(by: string, sort: string | undefined): string | undefined {
  if (sort === by) return reversed(by)
  return sort === reversed(by) ? undefined : by
}

/** What the address asks to sort by, if a column does that. */
export function knownSort(columns: { sort?: string }[], sort: string | undefined): string | undefined {
  return columns.some(({ sort: by }) => by !== undefined && sortOf(by, sort) !== 'none') ? sort : undefined
}
