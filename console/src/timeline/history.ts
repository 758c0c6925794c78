import type { Change, Instance } from '../api/client'
import { instanceOf } from '../changes/summary'

type StripState = 'healthy' | 'unhealthy' | 'isolated' | 'absent' | 'unknown'

/** A stretch of time in which an instance was in one state. */
export interface Stretch {
  from: number
  to: number
  state: StripState
}

/** A window of time, in milliseconds since 1970, and since when the log is known. */
export interface Axis {
  from: number
  to: number
  knownFrom: number
}

const stateOf = (instance: Instance | null): StripState => {
  if (!instance) return 'absent'
  return instance.isolated ? 'isolated' : instance.health
}

/** The changes of each instance by its id, oldest first. */
export function byInstance(changes: Change[]): Map<string, Change[]> {
  const grouped = new Map<string, Change[]>()
  for (const change of changes.toReversed()) {
    const instance = instanceOf(change)
    if (instance) grouped.set(instance.id, [...(grouped.get(instance.id) ?? []), change])
  }
  return grouped
}

/**
 * The states of one instance from `from` to `to`, oldest first.
 *
 * `changes` are those of the instance, oldest first; `now` is what it is at `to`. Before the first
 * change it was as that change found it, or as it is now if nothing changed. Before `knownFrom`
 * nothing is known.
 */
export function stretches(changes: Change[], now: Instance | null, { from, to, knownFrom }: Axis): Stretch[] {
  const begin = Math.min(to, Math.max(from, knownFrom))
  const unknown: Stretch[] = begin > from ? [{ from, to: begin, state: 'unknown' }] : []
  return [...unknown, ...knownStretches(changes, now, begin, to)]
}

function knownStretches(changes: Change[], now: Instance | null, from: number, to: number): Stretch[] {
  const [first] = changes
  const found: Stretch[] = [{ from, to, state: stateOf(first ? (first.before as Instance | null) : now) }]
  for (const change of changes) {
    const at = Date.parse(change.at)
    const state = stateOf(change.after as Instance | null)
    const last = found.at(-1)
    if (!last || at > to) break
    if (at <= from) last.state = state
    else if (state !== last.state) {
      last.to = at
      found.push({ from: at, to, state })
    }
  }
  return found
}

/** Since when an instance has its health, or since when at least, if the changes do not reach back so far. */
export interface HealthSince {
  at: string
  isExact: boolean
}

/**
 * Since when each instance has its health, by the newest changes of its service, newest first.
 *
 * An instance whose health did not turn in them has it since before the oldest, and since before
 * its own last change.
 */
export function healthSince(instances: Instance[], changes: Change[]): Map<string, HealthSince> {
  const grouped = byInstance(changes)
  const oldest = changes.at(-1)?.at
  const since = instances.map((instance): [string, HealthSince] => {
    const turn = grouped.get(instance.id)?.findLast(turnsHealth)
    if (turn) return [instance.id, { at: turn.at, isExact: true }]
    const isOlder = oldest !== undefined && Date.parse(oldest) < Date.parse(instance.modified_at)
    return [instance.id, { at: isOlder ? oldest : instance.modified_at, isExact: false }]
  })
  return new Map(since)
}

function turnsHealth({ before, after }: Change): boolean {
  const [old, fresh] = [before as Instance | null, after as Instance | null]
  return fresh !== null && old?.health !== fresh.health
}
