import type { BatchAnswer, Instance } from '../api/client'

/** What can be done to many instances at once. */
export type BulkAction = { does: 'isolate' } | { does: 'restore' } | { does: 'weigh'; weight: number }

/** What becomes of an instance; only the part that an action is about. */
export type Part = { weight: number } | { isolated: boolean }

/** A change of an instance as it was shown. */
export interface Step {
  shown: Instance
  to: Part
}

/** What an action makes of each instance. */
export function stepOf(action: BulkAction, shown: Instance): Step {
  return { shown, to: action.does === 'weigh' ? { weight: action.weight } : { isolated: action.does === 'isolate' } }
}

/** Whether an instance takes calls. */
export const takesCalls = ({ health, isolated, weight }: Instance) => health === 'healthy' && !isolated && weight > 0

/** What leads an instance back to what it was. */
export function undoOf({ before, after }: Changed): Step {
  return { shown: after, to: before.weight === after.weight ? { isolated: before.isolated } : { weight: before.weight } }
}

/** Whether the part that a step changes is still what was shown. */
export function isAsShown({ shown, to }: Step, current: Instance): boolean {
  return 'weight' in to ? current.weight === shown.weight : current.isolated === shown.isolated
}

/** An instance that was, or would be, changed. */
export interface Changed {
  before: Instance
  after: Instance
}

/** What became, or would become, of each instance. */
export interface Tally {
  changed: Changed[]
  refused: number
  total: number
}

/** Counts what a batch, or its rehearsal, answered; what an instance was already is no change. */
export function tally(asked: Step[], answers: BatchAnswer[]): Tally {
  const changed = asked.flatMap(({ shown: before }, index) => {
    const after = answers[index]?.instance
    return after && (after.weight !== before.weight || after.isolated !== before.isolated) ? [{ before, after }] : []
  })
  return { changed, refused: answers.filter(({ status }) => status >= 300).length, total: asked.length }
}

export const EMPTY_TALLY: Tally = { changed: [], refused: 0, total: 0 }

export const joined = (one: Tally, other: Tally): Tally => ({
  changed: [...one.changed, ...other.changed],
  refused: one.refused + other.refused,
  total: one.total + other.total,
})
