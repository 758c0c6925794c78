/** An earlier moment: right after a revision, or at a time. */
export type Moment = { is: 'revision'; revision: number } | { is: 'time'; at: Date }

/** The form of RFC 3339. */
const TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

/** The moment that an address or the API names as `as_of`; none if the text names none. */
export function parseMoment(text: string): Moment | undefined {
  // More digits are no number that can be counted on.
  if (/^\d{1,15}$/.test(text)) return { is: 'revision', revision: Number(text) }
  const at = new Date(text)
  return TIME.test(text) && !Number.isNaN(at.getTime()) ? { is: 'time', at } : undefined
}

/** Whether something was written by an earlier moment. */
export function isUpTo(asOf: string, { revision, at }: { revision: number; at: string }): boolean {
  const moment = parseMoment(asOf)
  return moment?.is === 'time' ? Date.parse(at) <= moment.at.getTime() : moment === undefined || revision <= moment.revision
}
