/** One value of the metrics, with what sets it apart from others of its name. */
export interface Metric {
  name: string
  labels: Record<string, string>
  value: number
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g

/** Reads the text format of OpenMetrics; comments are left out. */
export function parseMetrics(text: string): Metric[] {
  const metrics: Metric[] = []
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = line.startsWith('#') ? [] : (LINE.exec(line) ?? [])
    if (name === undefined) continue
    const pairs = [...labels.matchAll(LABEL)].map(([, key = '', content = '']) => [key, content] as const)
    metrics.push({ name, labels: Object.fromEntries(pairs), value: Number(value) })
  }
  return metrics
}

/** What is shown of the metrics at one moment. */
export interface Reading {
  at: number
  revision: number
  healthy: number
  instances: number
  /** Of all kinds. */
  streams: number
  /** Bytes on disk. */
  database: number | null
  /** Updates pushed so far that took up to so many seconds, by ascending bounds. */
  pushes: Bucket[]
  memory: number | null
  requests: number
  seconds: number
  routes: Route[]
}

export interface Bucket {
  bound: number
  count: number
}

export interface Route {
  route: string
  method: string
  requests: number
  errors: number
  seconds: number
}

export function readingOf(metrics: Metric[], at: number): Reading {
  const all = (name: string) => metrics.filter((metric) => metric.name === name)
  const sum = (name: string) => all(name).reduce((total, { value }) => total + value, 0)
  const healthy = all('merak_instances').find(({ labels }) => labels.health === 'healthy')
  return {
    at,
    revision: sum('merak_revision'),
    healthy: healthy?.value ?? 0,
    instances: sum('merak_instances'),
    streams: sum('merak_subscribers') + sum('merak_keepalive_streams'),
    database: all('merak_database_size_bytes').length > 0 ? sum('merak_database_size_bytes') : null,
    pushes: all('merak_push_duration_seconds_bucket').map(({ labels, value }) => ({
      bound: labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le),
      count: value,
    })),
    memory: all('process_resident_memory_bytes')[0]?.value ?? null,
    requests: sum('merak_http_request_duration_seconds_count'),
    seconds: sum('merak_http_request_duration_seconds_sum'),
    routes: routesOf(metrics),
  }
}

/** The requests of each operation, those with the most first. */
function routesOf(metrics: Metric[]): Route[] {
  const routes = new Map<string, Route>()
  for (const { name, labels, value } of metrics) {
    const { route, method, status = '' } = labels
    if (route === undefined || method === undefined) continue
    const key = `${method} ${route}`
    const one = routes.get(key) ?? { route, method, requests: 0, errors: 0, seconds: 0 }
    if (name === 'merak_http_requests_total') {
      one.requests += value
      if (Number(status) >= 400) one.errors += value
    }
    if (name === 'merak_http_request_duration_seconds_sum') one.seconds += value
    routes.set(key, one)
  }
  return [...routes.values()].filter(({ requests }) => requests > 0).toSorted((a, b) => b.requests - a.requests)
}

/** How fast something that only grows grew between readings, for each second; one value fewer. */
export function rates(readings: Reading[], of: (reading: Reading) => number): number[] {
  return readings.slice(1).map((reading, index) => {
    const before = readings[index] ?? reading
    const seconds = (reading.at - before.at) / 1_000
    return seconds > 0 ? Math.max(0, of(reading) - of(before)) / seconds : 0
  })
}

/** The mean time of an answer between readings, in seconds. */
export function latencies(readings: Reading[]): number[] {
  return readings.slice(1).map((reading, index) => {
    const before = readings[index] ?? reading
    const requests = reading.requests - before.requests
    return requests > 0 ? (reading.seconds - before.seconds) / requests : 0
  })
}

/** What a share of the pushes between readings kept to, in seconds; null if there were none. */
export function pushLatencies(readings: Reading[], share: number): (number | null)[] {
  return readings.slice(1).map((reading, index) => {
    const before = readings[index]?.pushes ?? []
    const between = reading.pushes.map(({ bound, count }, at) => ({ bound, count: count - (before[at]?.count ?? 0) }))
    return quantile(between, share)
  })
}

/** A quantile by cumulative buckets, as exactly as their bounds tell; past the last bound it is that one. */
function quantile(buckets: Bucket[], share: number): number | null {
  const total = buckets.at(-1)?.count ?? 0
  if (total <= 0) return null
  let lower = { bound: 0, count: 0 }
  for (const bucket of buckets) {
    if (bucket.count >= total * share && bucket.count > lower.count) {
      if (bucket.bound === Number.POSITIVE_INFINITY) return lower.bound
      return lower.bound + ((bucket.bound - lower.bound) * (total * share - lower.count)) / (bucket.count - lower.count)
    }
    lower = bucket
  }
  return lower.bound
}
