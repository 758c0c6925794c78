import type { Locator } from '@playwright/test'
import { ago, type Change, entries, fact, length, list, rowsOf, said, sentence, stand } from '../compare'
import { expect, test } from '../fixtures'
import { pathOf, shop } from '../merak'

interface Counts {
  instance_count: number
  healthy_instance_count: number
  isolated_instance_count: number
}

interface Service extends Counts {
  namespace: string
  name: string
  comment: string
  owners: string
  department: string
  business: string
  ports: number[]
  export_to: string[]
  protect_threshold: number
  metadata: Record<string, string>
  modified_at: string
  revision: number
}

interface Instance {
  id: string
  host: string
  port: number
  health: 'healthy' | 'unhealthy'
  isolated: boolean
  weight: number
  version: string
  metadata: Record<string, string>
  location: { zone: string }
  health_check: { type: 'none' | 'heartbeat'; ttl_seconds?: number }
  registered?: { weight: number }
  modified_at: string
}

/** What a bar says to those who hear it, and to those who see it. */
function healthOf({ instance_count: all, healthy_instance_count: healthy }: Counts): string {
  return all === 0 ? 'No instances' : `${healthy} of ${all} healthy${healthy}/${all}`
}

test('every number and badge of services and namespaces is what the API says', async ({ page, merak }) => {
  await shop(merak)
  const services = await list<Service>(merak, '/api/v1/services')
  const rows = rowsOf(page)
  await page.goto('/services')
  await expect(rows).toHaveCount(services.length + 1)
  for (const [index, one] of services.entries()) {
    const cells = rows.nth(index + 1).getByRole('cell')
    await expect(cells.nth(0)).toHaveText(one.name)
    await expect(cells.nth(1)).toHaveText(one.namespace)
    await expect(cells.nth(2)).toHaveText(healthOf(one))
    await expect(cells.nth(3)).toHaveText(String(one.isolated_instance_count))
    await expect(cells.nth(4)).toHaveText(one.owners)
    await expect(cells.nth(5).locator('.chip')).toHaveText(entries(one.metadata))
  }

  await page.goto('/namespaces')
  const namespaces = await list<Service & { service_count: number }>(merak, '/api/v1/namespaces')
  await expect(rows).toHaveCount(namespaces.length + 1)
  for (const [index, one] of namespaces.entries()) {
    const cells = rows.nth(index + 1).getByRole('cell')
    await expect(cells.nth(0)).toHaveText(one.name)
    await expect(cells.nth(1)).toHaveText(String(one.service_count))
    await expect(cells.nth(2)).toHaveText(healthOf(one))
    await expect(cells.nth(3)).toHaveText(String(one.isolated_instance_count))
    await expect(cells.nth(4)).toHaveText(one.comment)
    await expect(cells.nth(5).locator('.chip')).toHaveText(entries(one.metadata))
  }
})

test('every fact of a service is what the API says', async ({ page, merak }) => {
  await shop(merak)
  const now = await stand(page)
  const services = await list<Service>(merak, '/api/v1/services')
  expect(services.filter((one) => one.protect_threshold > 0 && one.business && one.comment && one.export_to.length > 0)).toHaveLength(1)
  for (const one of services) {
    await page.goto(`/services/${one.namespace}/${encodeURIComponent(one.name)}`)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(one.name)
    await expect(page.locator('.page-head').locator('.health-bar').or(page.locator('.page-head').getByText('No instances'))).toHaveText(healthOf(one))
    const facts = {
      Comment: one.comment,
      Owners: one.owners,
      Department: one.department,
      Business: one.business,
      Ports: one.ports.join(', '),
      'Visible to namespaces': one.export_to.join(', '),
      'Protection threshold': one.protect_threshold > 0 ? String(one.protect_threshold) : '',
      Isolated: one.isolated_instance_count > 0 ? String(one.isolated_instance_count) : '',
      Changed: ago(one.modified_at, now),
    }
    for (const [label, value] of Object.entries(facts)) await expect(fact(page, label), label).toHaveText(value ? [value] : [])
    await expect(fact(page, 'Revision')).toHaveText(said(one.revision))
    await expect(fact(page, 'Metadata').locator('.chip')).toHaveText(entries(one.metadata))
  }
})

/** Since when an instance has its health, by the changes of it, newest first, of which the last may be cut off. */
function since(one: Instance, changes: Change[], now: number): string {
  const turn = changes.find(({ instance, before, after }) => instance === one.id && after !== null && before?.health !== after.health)
  if (turn) return `since ${length(now - Date.parse(turn.at))}`
  const oldest = changes.at(-1)?.at ?? one.modified_at
  return `for more than ${length(now - Math.min(Date.parse(oldest), Date.parse(one.modified_at)))}`
}

/** Compares what the row of an instance shows. */
async function compareInstance(row: Locator, one: Instance, sinceWhen: string) {
  const cells = row.getByRole('cell')
  await expect(cells.nth(0)).toHaveText(`${one.host}:${one.port}`)
  await expect(cells.nth(1).locator('.badge')).toHaveText([one.health === 'healthy' ? 'Healthy' : 'Unhealthy', ...(one.isolated ? ['Isolated'] : [])])
  await expect(cells.nth(1).locator('.row > .muted')).toHaveText(sinceWhen)
  const weight = row.getByRole('textbox', { name: `Weight of ${one.host}:${one.port}` })
  await expect(weight).toHaveValue(said(one.weight))
  const registered = one.registered?.weight ?? one.weight
  await expect(weight).toHaveAttribute('title', registered === one.weight ? '0 to 10000; 0 gets no calls' : `it registered with weight ${registered}`)
  await expect(cells.nth(3)).toHaveText(one.version)
  await expect(cells.nth(4)).toHaveText(one.location.zone)
  const { type, ttl_seconds: ttl } = one.health_check
  await expect(cells.nth(5)).toHaveText(type === 'none' ? 'static' : `beat every ${ttl} s`)
  await expect(cells.nth(6).locator('.chip')).toHaveText(entries(one.metadata))
}

test('every number and badge of instances is what the API says', async ({ page, merak }) => {
  await shop(merak)
  const beats = { version: 'v1', location: { zone: 'eu-1' }, health_check: { type: 'heartbeat', ttl_seconds: 45 } } as const
  await merak.instance('staging', 'mailer', 'mailer-2', { host: '10.0.6.2', port: 25, ...beats })
  // More changes than the page reads, so that it cannot know since when the others are as they are.
  const items = Array.from({ length: 500 }, (_, index) => ({ patch: { id: 'user-2', weight: 1 + (index % 2) } }))
  await merak.ask(`${pathOf('default', 'com.shop/user')}/instances:batch`, 'POST', { items })
  const now = await stand(page)
  const shown: Instance[] = []
  for (const { namespace, name } of await list<Service>(merak, '/api/v1/services')) {
    await page.goto(`/services/${namespace}/${encodeURIComponent(name)}`)
    const instances = await list<Instance>(merak, `${pathOf(namespace, name)}/instances`)
    const log = await list<Change>(merak, `/api/v1/changes?kind=instance&namespace=${namespace}&service=${encodeURIComponent(name)}&page_size=500`)
    await expect(rowsOf(page)).toHaveCount(instances.length === 0 ? 0 : instances.length + 1)
    for (const [index, one] of instances.entries()) await compareInstance(rowsOf(page).nth(index + 1), one, since(one, log, now))
    shown.push(...instances)
  }
  expect(shown.filter((one) => one.registered && one.registered.weight !== one.weight).length).toBeGreaterThan(1)
  expect(shown.filter((one) => one.isolated)).toHaveLength(1)
})

const WINDOW_MINUTES = 5

function stateOf(instance: Change['after']): string {
  if (instance === null) return 'absent'
  if (instance.isolated) return 'Isolated'
  return instance.health === 'healthy' ? 'Healthy' : 'Unhealthy'
}

/** The stretches of an instance in the window that ends now, by the changes of it, oldest first. */
function stretches(changes: Change[], now: number): string {
  const begin = now - WINDOW_MINUTES * 60_000
  const turns = [{ at: begin, state: stateOf(changes[0]?.before ?? null) }]
  for (const { at, after } of changes) {
    if (turns.at(-1)?.state !== stateOf(after)) turns.push({ at: Date.parse(at), state: stateOf(after) })
  }
  return turns.map(({ at, state }, index) => `${state} ${length((turns[index + 1]?.at ?? now) - at)}`).join(', ')
}

test('every stretch and mark of a timeline is what the log says', async ({ page, merak }) => {
  await shop(merak)
  for (const health of ['unhealthy', 'healthy', 'unhealthy', 'healthy']) await merak.patch('default', 'com.shop/order', 'order-2', { health })
  await merak.ask(`${pathOf('default', 'com.shop/order')}/instances/order-6`, 'DELETE')
  const now = await stand(page)
  await page.goto(`/services/default/com.shop%2Forder/timeline?window=${WINDOW_MINUTES}`)
  const log = await list<Change>(merak, '/api/v1/changes?namespace=default&service=com.shop/order&page_size=500')
  const ids = [...new Set(log.flatMap(({ instance }) => instance ?? []))]
  expect(ids).toHaveLength(6)
  await expect(page.locator('.strip-row').getByRole('img')).toHaveCount(ids.length)
  for (const id of ids) {
    const changes = log.filter(({ instance }) => instance === id).toReversed()
    const state = changes.at(-1)?.after ?? changes.at(-1)?.before ?? {}
    const name = `${String(state.host)}:${String(state.port)}: ${stretches(changes, now)}`
    await expect(page.getByRole('img', { name, exact: true })).toBeVisible()
  }
  const marks = page.locator('.strip-mark')
  await expect(marks).toHaveCount(log.length)
  for (const [index, change] of log.entries()) await expect(marks.nth(index)).toHaveAttribute('title', sentence(change))
})
