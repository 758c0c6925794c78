import type { Change, Instance, Namespace } from '../api/client'

/** What a control plane holds at a moment. */
export interface Counts {
  services: number
  instances: number
  unhealthy: number
  isolated: number
}

/** Equal steps of time, in milliseconds since 1970. */
interface Axis {
  from: number
  to: number
  steps: number
}

/** What some namespaces hold together. */
export function countsOf(namespaces: Namespace[]): Counts {
  const sum = (of: (namespace: Namespace) => number) => namespaces.reduce((total, one) => total + of(one), 0)
  return {
    services: sum((one) => one.service_count),
    instances: sum((one) => one.instance_count),
    unhealthy: sum((one) => one.instance_count - one.healthy_instance_count),
    isolated: sum((one) => one.isolated_instance_count),
  }
}

/**
 * The counts at equal steps from `from` to `to`, the newest last.
 *
 * They are counted backwards from `now`, undoing each change, so nobody has to keep them.
 * `changes` are newest first; if there are more before them, what was before them is null.
 */
export function countsHistory(now: Counts, changes: Change[], hasMore: boolean, { from, to, steps }: Axis): (Counts | null)[] {
  const oldest = hasMore ? Date.parse(changes.at(-1)?.at ?? '') : Number.NEGATIVE_INFINITY
  const history: (Counts | null)[] = []
  let counts = now
  let next = 0
  for (let step = steps; step >= 0; step -= 1) {
    const at = from + ((to - from) * step) / steps
    for (; next < changes.length; next += 1) {
      const change = changes[next]
      if (!change || Date.parse(change.at) <= at) break
      counts = undone(counts, change)
    }
    history.push(at < oldest ? null : counts)
  }
  return history.toReversed()
}

function undone(counts: Counts, { kind, before, after }: Change): Counts {
  const by = (of: (thing: Instance) => boolean) => {
    const count = (thing: unknown) => (thing !== null && of(thing as Instance) ? 1 : 0)
    return count(before) - count(after)
  }
  const existed = by(() => true)
  if (kind === 'service') return { ...counts, services: counts.services + existed }
  if (kind !== 'instance') return counts
  return {
    services: counts.services,
    instances: counts.instances + existed,
    unhealthy: counts.unhealthy + by(({ health }) => health === 'unhealthy'),
    isolated: counts.isolated + by(({ isolated }) => isolated),
  }
}
