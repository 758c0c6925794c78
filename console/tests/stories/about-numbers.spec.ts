import { ago, fact, length, said, stand, still } from '../compare'
import { expected } from '../faults'
import { expect, test } from '../fixtures'
import { shop } from '../merak'

interface About {
  version: string
  revision: number
  epoch: string
  started_at: string
  memory_bytes: number
  push_latency: { p50_seconds: number; p99_seconds: number }
  database: { file_bytes: number; log_bytes: number }
  streams: { sync: number; keep_alive: number }
}

interface Metric {
  labels: Record<string, string>
  value: number
}

/** The metrics of a name, and what sets each apart. */
function metricsOf(text: string, name: string): Metric[] {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  return lines.map((line) => {
    const labels = Object.fromEntries([...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]))
    return { labels, value: Number(line.split(' ').at(-1)) }
  })
}

const decimal = (value: number) => value.toLocaleString('en', { maximumFractionDigits: 1, useGrouping: false })

function sizeOf(bytes: number): string {
  const [unit, one] = bytes < 2 ** 20 ? (['KiB', 2 ** 10] as const) : (['MiB', 2 ** 20] as const)
  return `${decimal(bytes / one)} ${unit}`
}

/** Whatever a quantile of pushes between two readings says, by cumulative buckets. */
function quantile(before: Metric[], after: Metric[], share: number): number {
  const counts = after.map(({ value }, index) => value - (before[index]?.value ?? 0))
  const wanted = (counts.at(-1) ?? 0) * share
  const at = counts.findIndex((count) => count >= wanted && count > 0)
  const boundOf = (index: number) => (index < 0 ? 0 : Number(after[index]?.labels.le))
  const [below, within] = [counts[at - 1] ?? 0, counts[at] ?? 0]
  if (after[at]?.labels.le === '+Inf') return boundOf(at - 1)
  return boundOf(at - 1) + ((boundOf(at) - boundOf(at - 1)) * (wanted - below)) / (within - below)
}

const millis = (seconds: number) => `${(1_000 * seconds).toLocaleString('en', { maximumSignificantDigits: 3, useGrouping: false })} ms`
const sum = (metrics: Metric[]) => metrics.reduce((total, { value }) => total + value, 0)
const keyOf = ({ labels }: Metric) => `${labels.method} ${labels.route === 'none' ? 'the console, and paths that do not exist' : labels.route}`
const PUSHES = 'merak_push_duration_seconds_bucket'
const ofPushes = (text: string) => metricsOf(text, PUSHES).at(-1)?.value ?? 0

/** What each chart says now, after two readings that are so many seconds apart. */
function chartsOf(before: string, after: string, seconds: number): Record<string, string> {
  const now = (name: string) => sum(metricsOf(after, name))
  const grown = (name: string) => now(name) - sum(metricsOf(before, name))
  const requests = grown('merak_http_request_duration_seconds_count')
  const pushes = [before, after].map((text) => metricsOf(text, PUSHES)) as [Metric[], Metric[]]
  return {
    'Requests a second': decimal(requests / seconds),
    'Changes a second': decimal(grown('merak_revision') / seconds),
    'Mean answer time': millis(grown('merak_http_request_duration_seconds_sum') / requests),
    'Push latency, p50 / p99': `${millis(quantile(...pushes, 0.5))} / ${millis(quantile(...pushes, 0.99))}`,
    Memory: sizeOf(now('process_resident_memory_bytes')),
    Database: sizeOf(now('merak_database_size_bytes')),
    Streams: String(now('merak_subscribers') + now('merak_keepalive_streams')),
    Instances: String(now('merak_instances')),
  }
}

test('every figure of the control plane is what it says of itself', async ({ page, merak }) => {
  await shop(merak)
  const order = await merak.system()
  await merak.patch('default', 'micro-pay', await merak.firstInstance('default', 'micro-pay'), { weight: 55 })
  const pushed = async () => (await merak.ask<About>('/api/v1/about')).push_latency.p99_seconds
  await expect.poll(pushed).toBeGreaterThan(0)
  const about = await still<About>(page, merak, '/api/v1/about')
  const now = await stand(page, 3 * 3_600_000)
  expect((await fetch(`${merak.url}/readyz`)).status).toBe(200)
  await page.goto('/about')
  const facts = {
    Readiness: 'Ready',
    Version: about.version,
    'Newest revision': about.revision,
    Started: ago(about.started_at, now),
    Up: length(now - Date.parse(about.started_at)),
    Memory: sizeOf(about.memory_bytes),
    Database: `${sizeOf(about.database.file_bytes)} + ${sizeOf(about.database.log_bytes)} log`,
    Streams: `${about.streams.sync} sync, ${about.streams.keep_alive} keep-alive`,
    'Push latency': `p50 ${millis(about.push_latency.p50_seconds)}, p99 ${millis(about.push_latency.p99_seconds)}`,
  }
  for (const [label, value] of Object.entries(facts)) await expect(fact(page, label), label).toHaveText(said(value))
  await expect(fact(page, 'Address').locator('code')).toHaveText(merak.url)
  await expect(fact(page, 'Epoch').locator('code')).toHaveText(about.epoch)
  await order()
})

const APART_S = 8

test('every chart and every operation is what the metrics say', async ({ page, merak, faults }) => {
  await shop(merak)
  await merak.system()
  const read = async () => (await fetch(`${merak.url}/metrics`)).text()
  const before = await read()
  const changed = await merak.firstInstance('default', 'micro-pay')
  for (let weight = 1; weight <= 40; weight += 1) await merak.patch('default', 'micro-pay', changed, { weight })
  await expect.poll(async () => ofPushes(await read())).toBeGreaterThan(ofPushes(before))
  await fetch(`${merak.url}/api/v1/changes?page_size=none`)
  const after = await read()
  const now = await stand(page)
  // Two readings, and no third one.
  const readings = [before, after]
  await page.route('**/metrics', async (route) => {
    const body = readings.shift()
    if (body === undefined) return
    await page.clock.setFixedTime(body === after ? now + 1_000 * APART_S : now)
    await route.fulfill({ body, contentType: 'text/plain; version=0.0.4; charset=utf-8' })
  })
  await page.goto('/about')
  for (const [label, value] of Object.entries(chartsOf(before, after, APART_S))) {
    const tile = page.locator('.tiles-charts > li').filter({ has: page.getByRole('img', { name: new RegExp(`^${label}, now `) }) })
    await expect(tile.locator('.tile-number'), label).toHaveText(said(value))
    await expect(tile.getByRole('img')).toHaveAccessibleName(said(`${label}, now ${value}`))
  }
  const of = (name: string) => metricsOf(after, name)
  const operations = new Set(of('merak_http_requests_total').map(keyOf))
  expect(operations.size).toBeGreaterThan(3)
  const rows = page.getByRole('table', { name: 'Requests by operation' }).getByRole('row')
  await expect(rows).toHaveCount(operations.size + 1)
  let allErrors = 0
  for (const operation of operations) {
    const asked = of('merak_http_requests_total').filter((one) => keyOf(one) === operation)
    const errors = sum(asked.filter(({ labels }) => Number(labels.status) >= 400))
    const seconds = sum(of('merak_http_request_duration_seconds_sum').filter((one) => keyOf(one) === operation))
    const cells = rows.filter({ has: page.getByText(operation, { exact: true }) }).getByRole('cell')
    await expect(cells.nth(1)).toHaveText(said(sum(asked)))
    await expect(cells.nth(2)).toHaveText(said(errors))
    await expect(cells.nth(3)).toHaveText(said(`${((1_000 * seconds) / sum(asked)).toFixed(2)} ms`))
    allErrors += errors
  }
  expect(allErrors).toBeGreaterThan(0)

  await page.route('**/readyz', (route) => route.fulfill({ status: 503, json: { title: 'not ready', status: 503, detail: 'not ready' } }))
  await expect(fact(page, 'Readiness')).toHaveText('Not ready')
  await page.goto('about:blank')
  await expected(faults, { status: 503, path: /^\/readyz$/ })
})
