import { describe, expect, it } from 'vitest'
import { latencies, parseMetrics, pushLatencies, rates, readingOf } from './metrics'

const text = `# HELP merak_revision Revision of the newest change
# TYPE merak_revision gauge
merak_revision 5
merak_instances{health="healthy"} 3
merak_instances{health="unhealthy"} 1
merak_subscribers 2
merak_keepalive_streams 3
merak_database_size_bytes{file="database"} 100
merak_database_size_bytes{file="log"} 200
merak_push_duration_seconds_bucket{le="0.001"} 1
merak_push_duration_seconds_bucket{le="+Inf"} 2
merak_http_requests_total{route="/a/{x}",method="GET",status="200"} 7
merak_http_requests_total{route="/a/{x}",method="GET",status="404"} 1
merak_http_request_duration_seconds_sum{route="/a/{x}",method="GET"} 0.5
merak_http_request_duration_seconds_count{route="/a/{x}",method="GET"} 8
merak_http_request_duration_seconds_bucket{le="+Inf",route="/a/{x}",method="GET"} 8
# EOF
`

describe('parseMetrics', () => {
  it('reads names, labels and values', () => {
    const metrics = parseMetrics(text)
    expect(metrics[0]).toEqual({ name: 'merak_revision', labels: {}, value: 5 })
    expect(metrics[9]).toEqual({
      name: 'merak_http_requests_total',
      labels: { route: '/a/{x}', method: 'GET', status: '200' },
      value: 7,
    })
    expect(metrics).toHaveLength(14)
  })
})

describe('readingOf', () => {
  it('sums up', () => {
    expect(readingOf(parseMetrics(text), 1)).toEqual({
      at: 1,
      revision: 5,
      healthy: 3,
      instances: 4,
      streams: 5,
      database: 300,
      pushes: [
        { bound: 0.001, count: 1 },
        { bound: Number.POSITIVE_INFINITY, count: 2 },
      ],
      memory: null,
      requests: 8,
      seconds: 0.5,
      routes: [{ route: '/a/{x}', method: 'GET', requests: 8, errors: 1, seconds: 0.5 }],
    })
  })
})

describe('rates', () => {
  it('are for each second', () => {
    const base = readingOf([], 0)
    const readings = [base, { ...base, at: 2_000, requests: 10, seconds: 1 }, { ...base, at: 4_000, requests: 10, seconds: 1 }]
    expect(rates(readings, ({ requests }) => requests)).toEqual([5, 0])
    expect(latencies(readings)).toEqual([0.1, 0])
  })
})

const buckets = (...counts: number[]) =>
  [0.001, 0.01, Number.POSITIVE_INFINITY].map((bound, index) => ({ bound, count: counts[index] ?? 0 }))

describe('pushLatencies', () => {
  it('are quantiles of what was pushed between two readings', () => {
    const base = readingOf([], 0)
    const readings = [buckets(5, 5, 5), buckets(5, 15, 15), buckets(5, 15, 15), buckets(5, 15, 16)].map((pushes) => ({ ...base, pushes }))
    const [first = 0, ...rest] = pushLatencies(readings, 0.5)
    expect(first).toBeCloseTo(0.0055)
    expect(rest).toEqual([null, 0.01])
  })
})
