import { fact, rowsOf, still } from '../compare'
import { expect, test } from '../fixtures'
import { shop } from '../merak'
import { limits } from '../rule-data'

interface About {
  version: string
  revision: number
  epoch: string
  memory_bytes: number
  database: { file_bytes: number; log_bytes: number }
  streams: { sync: number; keep_alive: number }
}

/** The metrics of a name, and what sets each apart. */
function metricsOf(text: string, name: string) {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`))
  return lines.map((line) => {
    const labels = Object.fromEntries([...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]))
    return { labels, value: Number(line.split(' ').at(-1)) }
  })
}

function sizeOf(bytes: number): string {
  const [unit, one] = bytes < 2 ** 20 ? (['KiB', 2 ** 10] as const) : (['MiB', 2 ** 20] as const)
  return `${Number((bytes / one).toFixed(1))} ${unit}`
}

test('every figure of the control plane is what it says of itself', async ({ page, merak }) => {
  await shop(merak)
  await merak.system()
  const about = await still<About>(page, merak, '/api/v1/about')
  const metrics = await still<string>(page, merak, '/metrics')
  await page.goto('/about')
  await expect(fact(page, 'Version')).toHaveText(about.version)
  await expect(fact(page, 'Newest revision')).toHaveText(String(about.revision))
  await expect(fact(page, 'Epoch')).toContainText(about.epoch)
  await expect(fact(page, 'Memory')).toHaveText(sizeOf(about.memory_bytes))
  await expect(fact(page, 'Database')).toHaveText(`${sizeOf(about.database.file_bytes)} + ${sizeOf(about.database.log_bytes)} log`)
  await expect(fact(page, 'Streams')).toHaveText(`${about.streams.sync} sync, ${about.streams.keep_alive} keep-alive`)
  const instances = metricsOf(metrics, 'merak_instances').reduce((total, { value }) => total + value, 0)
  await expect(page.getByRole('img', { name: `Instances, now ${instances}` })).toBeVisible()
  const requests = new Map<string, number>()
  for (const { labels, value } of metricsOf(metrics, 'merak_http_requests_total')) {
    const operation = `${labels.method} ${labels.route === 'none' ? 'the console, and paths that do not exist' : labels.route}`
    requests.set(operation, (requests.get(operation) ?? 0) + value)
  }
  expect(requests.size).toBeGreaterThan(3)
  for (const [operation, count] of requests) {
    const row = rowsOf(page).filter({ has: page.getByText(operation, { exact: true }) })
    await expect(row.getByRole('cell').nth(1)).toHaveText(String(count))
  }
})

interface Usage {
  counter_count: number
  counters: {
    amounts: { used: number; limit: number }[]
    admitted: number
    refused: number
    client_count: number
    clients: { client: { address: string }; used: number; held: number; demand: number; refused: number }[]
  }[]
}

test('every number of what is made of a limit is what the API says', async ({ page, merak }) => {
  await limits(merak)
  const order = await merak.system()
  const path = '/api/v1/namespaces/default/rate-limit-rules/all-together/usage'
  await expect(async () => {
    await order()
    expect((await merak.ask<Usage>(path)).counters[0]?.client_count).toBeGreaterThan(0)
  }).toPass()
  const { counter_count: count, counters } = await still<Usage>(page, merak, path)
  await page.goto('/rate-limit-rules/default/all-together?tab=usage')
  await expect(page.locator('.counter')).toHaveCount(count)
  for (const [index, { amounts, admitted, refused, clients }] of counters.entries()) {
    const counter = page.locator('.counter').nth(index)
    await expect(counter.getByRole('meter')).toHaveCount(amounts.length)
    for (const [at, { used, limit }] of amounts.entries()) {
      const said = `${used.toLocaleString('en')} of ${limit.toLocaleString('en')} used`
      await expect(counter.getByRole('meter').nth(at)).toHaveAttribute('aria-valuetext', said)
    }
    await expect(counter.locator('.counter-facts dd')).toHaveText([String(admitted), String(refused)])
    for (const { client, ...told } of clients) {
      const cells = counter.getByRole('row', { name: client.address }).getByRole('cell')
      await expect(cells.nth(1)).toHaveText(client.address)
      const numbers = [told.used, told.held, told.demand, told.refused]
      for (const [at, number] of numbers.entries()) await expect(cells.nth(at + 2)).toHaveText(String(number))
    }
  }
})
