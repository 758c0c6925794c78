import type { Namespace } from '../api/client'

/** What a control plane holds at a moment. */
export interface Counts {
  services: number
  instances: number
  unhealthy: number
  isolated: number
}

/** What it held at a moment, in milliseconds since 1970. */
export interface Sample extends Counts {
  at: number
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

/** The counts at equal steps, by samples that are oldest first; null before the first of them. */
export function countsHistory(samples: Sample[], { from, to, steps }: Axis): (Counts | null)[] {
  return Array.from({ length: steps + 1 }, (_, step) => {
    const at = from + ((to - from) * step) / steps
    return samples.findLast((sample) => sample.at <= at) ?? null
  })
}
