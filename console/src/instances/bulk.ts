import type { BatchAnswer, BatchItem, Instance } from '../api/client'

/** What can be done to many instances at once. */
export type BulkAction = { does: 'isolate' } | { does: 'restore' } | { does: 'weigh'; weight: number }

/** The operation on each instance. */
export function itemOf(action: BulkAction, { id }: Instance): BatchItem {
  if (action.does === 'weigh') return { patch: { id, weight: action.weight } }
  return { patch: { id, isolated: action.does === 'isolate' } }
}

/** What leads an instance back to what it was. */
export function undoOf(action: BulkAction, { id, weight, isolated }: Instance): BatchItem {
  return action.does === 'weigh' ? { patch: { id, weight } } : { patch: { id, isolated } }
}

/** What became, or would become, of each instance. */
export interface Tally {
  changed: Instance[]
  refused: number
  total: number
}

/** Counts what a batch, or its rehearsal, answered; what an instance was already is no change. */
export function tally(asked: Instance[], answers: BatchAnswer[]): Tally {
  const changed = asked.filter((instance, index) => {
    const after = answers[index]?.instance
    return after !== undefined && (after.weight !== instance.weight || after.isolated !== instance.isolated)
  })
  return { changed, refused: answers.filter(({ status }) => status >= 300).length, total: asked.length }
}

export const EMPTY_TALLY: Tally = { changed: [], refused: 0, total: 0 }

export const joined = (one: Tally, other: Tally): Tally => ({
  changed: [...one.changed, ...other.changed],
  refused: one.refused + other.refused,
  total: one.total + other.total,
})
