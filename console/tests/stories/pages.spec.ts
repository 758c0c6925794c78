import { readFileSync } from 'node:fs'
import { expected } from '../faults'
import { expect, test } from '../fixtures'
import { pathOf, shop } from '../merak'

interface Listed<T> {
  items: T[]
}

test('a newcomer is shown how to begin', async ({ page, merak }) => {
  await page.goto('/')
  await expect(page.getByRole('heading', { name: 'Nothing is registered yet' })).toBeVisible()
  await expect(page.getByText(`curl -X POST ${merak.url}/api/v1/namespaces/default`)).toBeVisible()
  await merak.instance('default', 'pay', 'pay-1', { host: '10.0.0.1', port: 1 })
  await expect(page.getByRole('link', { name: 'Instances 1' })).toBeVisible()
})

test('a newcomer is told the port that the control plane listens on', async ({ page, merak }) => {
  const { grpc } = await merak.ask<{ grpc: { listener: string } }>('/api/v1/about')
  await page.goto('/')
  await expect(page.getByText(`Client::builder("http://${grpc.listener}")`)).toBeVisible()
})

test('the overview names rules that are doubtful or that nobody has applied, and leads there', async ({ page, merak }) => {
  await shop(merak)
  const branches = [{ name: 'all', targets: [{ labels: { version: 'v9' }, weight: 100, priority: 0 }], when_empty: 'next_branch' }]
  await merak.ask('/api/v1/namespaces/default/routing-rules', 'POST', { name: 'canary', callee: { service: 'com.shop/order' }, branches, otherwise: 'fall_through' })
  await page.goto('/')
  const attention = page.locator('section', { has: page.getByRole('heading', { name: 'Needs attention' }) })
  await expect(attention).toContainText('rule with 1 warning')
  await expect(attention).toContainText('rule that no application has asked for')
  await attention.getByRole('link', { name: 'canary' }).first().click()
  await expect(page).toHaveURL(/routing-rules\/default\/canary/)
})

test('the overview names what needs attention, and leads there', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/')
  const attention = page.locator('section', { has: page.getByRole('heading', { name: 'Needs attention' }) })
  await expect(attention.getByRole('listitem')).toHaveCount(3)
  await expect(attention).toContainText('1 of 4 unhealthy')
  await expect(attention).toContainText('1 instance isolated')
  await attention.getByRole('link', { name: 'com.shop/pay' }).click()
  await expect(page).toHaveURL(/q=health:unhealthy/)
  await expect(page.getByRole('table').getByRole('row')).toHaveCount(2)
})

test('changes are filtered, opened, followed and exported', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/changes?kind=instance&service=com.shop/order')
  const changes = page.locator('.change-head')
  await expect(changes).toHaveCount(10)
  await changes.first().click()
  await expect(page).toHaveURL(/change=\d+/)
  const diff = page.getByRole('region', { name: 'Difference' })
  await expect(diff).toContainText('-   "weight": 100')
  await expect(diff).toContainText('+   "weight": 20')
  await page.reload()
  await expect(diff).toBeVisible()
  await merak.patch('default', 'com.shop/order', 'order-1', { weight: 55 })
  await page.getByRole('button', { name: '1 new change' }).click()
  await expect(changes.first()).toHaveAccessibleName(/weight 100 → 55/)
  await merak.patch('default', 'com.shop/pay', 'pay-1', { weight: 55 })
  const save = async (format: string) => {
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export' }).click()
    await page.getByRole('menuitem', { name: `Export ${format}` }).click()
    const file = await download
    expect(file.suggestedFilename()).toBe(`merak-changes.${format.toLowerCase()}`)
    return readFileSync(await file.path(), 'utf8').trim().split('\n')
  }
  const lines = await save('NDJSON')
  const { items } = await merak.ask<Listed<unknown>>('/api/v1/changes?kind=instance&service=com.shop/order')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(items)
  const table = await save('CSV')
  expect(table).toHaveLength(items.length + 1)
  expect(table[0]).toContain('revision,at,actor,')
  await page.getByLabel('Kind').selectOption('Any kind')
  await expect(changes).toHaveCount(13)
})

test('a change is taken back, unless something changed since', async ({ page, merak, faults }) => {
  await shop(merak)
  await page.goto('/changes?service=com.shop/order&kind=instance')
  const path = `${pathOf('default', 'com.shop/order')}/instances/order-4`
  await page.getByRole('button', { name: /weight 100 → 20/ }).click()
  await page.getByRole('button', { name: 'Take back' }).click()
  await expect(page.getByText('Taken back: com.shop/order 10.0.14.4:8080: weight 100 → 20')).toBeVisible()
  expect((await merak.ask<{ weight: number }>(path)).weight).toBe(100)
  await page.getByRole('button', { name: 'Take back' }).click()
  await expect(page.getByRole('alert')).toContainText('changed again since')
  await expected(faults, { status: 412, path: /\/instances\/order-4$/ })
})

test('a change leads to the service as it was right after', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/changes?service=com.shop/pay')
  await page.getByRole('button', { name: /com.shop\/pay 10.0.12.2:8080 registered/ }).click()
  await page.getByRole('link', { name: 'See the service right after' }).click()
  await expect(page.getByText('You are looking at revision')).toBeVisible()
  await expect(page.getByRole('table').getByRole('row')).toHaveCount(3)
})

test('a flood of changes leaves the page usable', async ({ page, merak }) => {
  await merak.instance('default', 'pay', 'pay-1', { host: '10.0.0.1', port: 1 })
  await page.goto('/changes')
  await expect(page.getByText('Live', { exact: true })).toBeVisible()
  for (let round = 0; round < 10; round += 1) {
    const items = Array.from({ length: 200 }, (_, index) => ({ patch: { id: 'pay-1', weight: 1 + ((index + round) % 7) } }))
    await merak.ask(`${pathOf('default', 'pay')}/instances:batch`, 'POST', { items })
  }
  const { revision } = await merak.ask<{ revision: number }>('/api/v1/about')
  await expect(page.getByText(String(revision), { exact: true })).toBeVisible()
  expect(await page.getByRole('listitem').count()).toBeLessThan(120)
  await page.getByRole('link', { name: 'Services' }).click()
  await expect(page.getByRole('link', { name: 'pay' })).toBeVisible()
})

test('a namespace is created, edited, and deleted once it is empty', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/namespaces')
  await page.getByRole('button', { name: 'Create namespace' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('qa')
  await dialog.getByRole('button', { name: 'Create' }).click()
  const row = page.getByRole('row', { name: /^qa/ })
  await expect(row).toBeVisible()
  await page.getByRole('button', { name: 'More actions for qa' }).click()
  await page.getByRole('menuitem', { name: 'Edit' }).click()
  await dialog.getByLabel('Comment').fill('for testers')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(row).toContainText('for testers')
  await page.getByRole('button', { name: 'More actions for qa' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await expect(row).toHaveCount(0)
  await page.getByRole('button', { name: 'More actions for staging' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await expect(dialog).toContainText('It still holds 2 services')
  await expect(dialog.getByRole('button', { name: 'Delete' })).toBeDisabled()
  await dialog.getByRole('link', { name: 'Show its services' }).click()
  await expect(page.getByRole('table').getByRole('row')).toHaveCount(3)
})

test('about tells version, revision, readiness and figures', async ({ page, merak }) => {
  await shop(merak)
  const about = await merak.ask<{ version: string; revision: number; epoch: string }>('/api/v1/about')
  await page.goto('/about')
  const main = page.getByRole('main')
  await expect(main).toContainText(`Version${about.version}`)
  await expect(main).toContainText(`Newest revision${about.revision}`)
  await expect(main).toContainText(about.epoch)
  await expect(main.getByText('Ready', { exact: true })).toBeVisible()
  await expect(main).toContainText(/Memory[\d.]+ MiB/)
  await expect(main).toContainText(/Database[\d.]+ KiB \+ [\d.,]+ [KM]iB log/)
  await expect(main).toContainText('Streams0 sync, 0 keep-alive')
  await expect(main).toContainText('Push latencynothing pushed yet')
  await expect(main.getByRole('img', { name: /^Requests a second, now [\d.]+/ })).toBeVisible()
  await expect(main.getByRole('img', { name: /^Database, now [\d.]+ [KM]iB/ })).toBeVisible()
  await expect(main.getByRole('row', { name: /GET \/api\/v1\/about/ })).toBeVisible()
  await main.getByRole('button', { name: 'Show as table' }).click()
  await expect(page).toHaveURL(/view=table/)
  await expect(main.getByRole('table', { name: 'Since this page was opened' }).getByRole('row')).not.toHaveCount(1)
  await merak.system()
  await expect(main).toContainText(/Streams[1-9]\d* sync, [1-9]\d* keep-alive/)
  await merak.patch('default', 'micro-pay', await merak.firstInstance('default', 'micro-pay'), { weight: 55 })
  await expect(main).toContainText(/Push latencyp50 [\d.]+ ms, p99 [\d.]+ ms/)
})
