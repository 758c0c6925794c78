import type { Change, Instance, Namespace } from '../api/client'

/** What a control plane holds at a moment. */
export interface Counts {
  services: number
  instances: number
  unhealthy: number
  isolated: number
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
 * `changes` are newest first.
 */
export function countsHistory(now: Counts, changes: Change[], from: number, to: number, steps: number): Counts[] {
  const history: Counts[] = []
  let counts = now
  let next = 0
  for (let step = steps; step >= 0; step -= 1) {
    const at = from + ((to - from) * step) / steps
    for (; next < changes.length; next += 1) {
      const change = changes[next]
      if (!change || Date.parse(change.at) <= at) break
      counts = undone(counts, change)
    }
    history.push(counts)
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
