import type { Locator, Page } from '@playwright/test'
import { expect, test } from '../fixtures'
import { type Merak, pathOf, shop } from '../merak'
import { limits } from '../rule-data'

interface Counts {
  instance_count: number
  healthy_instance_count: number
  isolated_instance_count: number
}

interface Service extends Counts {
  namespace: string
  name: string
  owners: string
  department: string
  ports: number[]
  metadata: Record<string, string>
  revision: number
}

interface Instance {
  host: string
  port: number
  health: 'healthy' | 'unhealthy'
  isolated: boolean
  weight: number
  version: string
  metadata: Record<string, string>
  location: { zone: string }
}

interface Listed<T> {
  items: T[]
}

const list = async <T>(merak: Merak, path: string) => (await merak.ask<Listed<T>>(path)).items
const rowsOf = (page: Page) => page.getByRole('table').getByRole('row')
const entries = (metadata: Record<string, string>) => Object.entries(metadata).map(([key, value]) => `${key}=${value}`)
const healthOf = (of: Counts) => (of.instance_count === 0 ? 'No instances' : `${of.healthy_instance_count}/${of.instance_count}`)

/** What a list of facts says of one. */
const fact = (page: Page, label: string): Locator =>
  page.locator('.facts > div', { has: page.locator('dt', { hasText: new RegExp(`^${label}$`) }) }).locator('dd')

/** The page gets this answer whenever it asks, so that what it shows of what moves on can be compared. */
async function still<T>(page: Page, merak: Merak, path: string): Promise<T> {
  const response = await fetch(merak.url + path)
  const body = await response.text()
  await page.route(`**${path}`, (route) => route.fulfill({ body, contentType: response.headers.get('content-type') ?? '' }))
  return (body.startsWith('{') ? JSON.parse(body) : body) as T
}

test('every number and badge of services and namespaces is what the API says', async ({ page, merak }) => {
  await shop(merak)
  const services = await list<Service>(merak, '/api/v1/services')
  const sum = (of: (one: Service) => number) => services.reduce((total, one) => total + of(one), 0)

  await page.goto('/')
  const total = sum((one) => one.instance_count)
  await expect(page.getByRole('link', { name: `Services ${services.length}` })).toBeVisible()
  await expect(page.getByRole('link', { name: `Instances ${total}` })).toBeVisible()
  await expect(page.getByRole('link', { name: `Unhealthy ${total - sum((one) => one.healthy_instance_count)}` })).toBeVisible()
  await expect(page.getByRole('link', { name: `Isolated ${sum((one) => one.isolated_instance_count)}` })).toBeVisible()

  await page.goto('/services')
  const rows = rowsOf(page)
  for (const [index, one] of services.entries()) {
    const cells = rows.nth(index + 1).getByRole('cell')
    await expect(cells.nth(0)).toHaveText(one.name)
    await expect(cells.nth(1)).toHaveText(one.namespace)
    await expect(cells.nth(2)).toContainText(healthOf(one))
    await expect(cells.nth(3)).toHaveText(String(one.isolated_instance_count))
    await expect(cells.nth(4)).toHaveText(one.owners)
    for (const entry of entries(one.metadata)) await expect(cells.nth(5)).toContainText(entry)
  }

  await page.goto('/namespaces')
  const namespaces = await list<Service & { service_count: number; comment: string }>(merak, '/api/v1/namespaces')
  await expect(rows).toHaveCount(namespaces.length + 1)
  for (const [index, one] of namespaces.entries()) {
    const cells = rows.nth(index + 1).getByRole('cell')
    await expect(cells.nth(0)).toHaveText(one.name)
    await expect(cells.nth(1)).toHaveText(String(one.service_count))
    await expect(cells.nth(2)).toContainText(healthOf(one))
    await expect(cells.nth(3)).toHaveText(String(one.isolated_instance_count))
    await expect(cells.nth(4)).toHaveText(one.comment)
    for (const entry of entries(one.metadata)) await expect(cells.nth(5)).toContainText(entry)
  }
})

/** Compares what the row of an instance shows. */
async function compareInstance(row: Locator, one: Instance) {
  await expect(row).toContainText(`${one.host}:${one.port}`)
  await expect(row).toContainText(one.health === 'healthy' ? 'Healthy' : 'Unhealthy')
  await expect(row.getByText('Isolated')).toHaveCount(one.isolated ? 1 : 0)
  await expect(row.getByRole('textbox')).toHaveValue(String(one.weight))
  await expect(row).toContainText(one.version)
  await expect(row).toContainText(one.location.zone)
  for (const entry of entries(one.metadata)) await expect(row).toContainText(entry)
}

test('every number and badge of a service and its instances is what the API says', async ({ page, merak }) => {
  await shop(merak)
  for (const one of await list<Service>(merak, '/api/v1/services')) {
    await page.goto(`/services/${one.namespace}/${encodeURIComponent(one.name)}`)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(one.name)
    await expect(page.locator('.page-head')).toContainText(healthOf(one))
    await expect(fact(page, 'Owners')).toHaveText(one.owners)
    await expect(fact(page, 'Department')).toHaveText(one.department)
    await expect(fact(page, 'Ports')).toHaveText(one.ports.join(', '))
    await expect(fact(page, 'Revision')).toHaveText(String(one.revision))
    await expect(fact(page, 'Isolated')).toHaveText(one.isolated_instance_count > 0 ? [String(one.isolated_instance_count)] : [])
    const instances = await list<Instance>(merak, `${pathOf(one.namespace, one.name)}/instances`)
    await expect(rowsOf(page)).toHaveCount(instances.length === 0 ? 0 : instances.length + 1)
    for (const [index, instance] of instances.entries()) await compareInstance(rowsOf(page).nth(index + 1), instance)
  }
})

test('every number of the log is what the API says', async ({ page, merak }) => {
  await shop(merak)
  const changes = await list<{ revision: number; actor: string; namespace: string }>(merak, '/api/v1/changes?page_size=10')
  await page.goto('/changes')
  for (const [index, { revision, actor, namespace }] of changes.entries()) {
    const head = page.locator('.change-head').nth(index)
    await expect(head.locator('.change-revision')).toHaveText(String(revision))
    await expect(head.locator('.change-who')).toHaveText(actor)
    await expect(head.locator('.change-where')).toHaveText(namespace)
  }
})

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
