import type { Page } from '@playwright/test'
import { expect, test } from '../fixtures'
import { type Merak, pathOf, rules, shop } from '../merak'
import { limits } from '../rule-data'

interface Listed<T> {
  items: T[]
}

interface Rule {
  name: string
  priority: number
  enabled: boolean
  revision: number
}

interface Status {
  applied_count: number
  subscriber_count: number
}

interface Warned {
  namespace: string
  name: string
  warnings: object[]
}

interface Subscriber {
  applied_revision: number
  is_current: boolean
  client: { address: string; sdk: string; sdk_version: string; service: { namespace: string; name: string } }
}

const many = (count: number, one: string) => `${count} ${count === 1 ? one : `${one}s`}`

/** What a badge says of who applies a rule. */
const applied = ({ applied_count: done, subscriber_count: all }: Status, nobody: string) =>
  all === 0 ? nobody : `applied by ${done} of ${all}`

/** Compares what a list of rules and the page of each show with what the API says. */
async function compare(page: Page, merak: Merak, collection: string, nobody: string) {
  const home = `/api/v1/namespaces/default/${collection}`
  const { items } = await merak.ask<Listed<Rule>>(home)
  const { items: warned } = await merak.ask<Listed<Warned>>('/api/v1/warnings')
  const tried = items.toSorted((one, other) => one.priority - other.priority || (one.name < other.name ? -1 : 1))
  await page.goto(`/${collection}?ns=default`)
  await expect(page.locator('.rule')).toHaveCount(items.length)
  for (const [index, rule] of tried.entries()) {
    const row = page.locator('.rule').nth(index)
    await expect(row.locator('.rule-place')).toHaveText(String(index + 1))
    await expect(row.locator('.rule-name')).toHaveText(`${rule.name}priority ${rule.priority}`)
    await expect(row.getByRole('switch')).toBeChecked({ checked: rule.enabled })
    const warnings = warned.find(({ name }) => name === rule.name)?.warnings.length ?? 0
    const status = await merak.ask<Status>(`${home}/${rule.name}/status`)
    const said = [...(warnings > 0 ? [many(warnings, 'warning')] : []), applied(status, nobody)]
    await expect(row.locator('.rule-state .badge')).toHaveText(rule.enabled ? said : ['Off'])
  }
  for (const { name, revision } of tried) {
    await page.goto(`/${collection}/default/${name}`)
    const status = await merak.ask<Status>(`${home}/${name}/status`)
    await expect(page.getByText(new RegExp(`revision ${revision} ·`, 'i'))).toBeVisible()
    await expect(page.getByText(applied(status, nobody), { exact: true }).first()).toBeVisible()
  }
}

test('every number and badge of rules is what the API says', async ({ page, merak }) => {
  test.slow()
  await shop(merak)
  await rules(merak)
  await limits(merak)
  await merak.system()
  const pays = { callee: { service: 'micro-pay' }, branches: [{ targets: [{}] }], otherwise: 'fall_through' }
  await merak.rule('routing-rules', 'default', 'pays', pays)
  await expect
    .poll(async () => (await merak.ask<Status>('/api/v1/namespaces/default/routing-rules/pays/status')).applied_count)
    .toBeGreaterThan(0)
  await compare(page, merak, 'routing-rules', 'no callers')
  await compare(page, merak, 'nearby-rules', 'no callers')
  await compare(page, merak, 'rate-limit-rules', 'nobody enforces it')
})

test('every number and badge of subscribers is what the API says', async ({ page, merak }) => {
  await merak.system()
  await page.goto('/services/default/micro-pay/subscribers')
  const at = `${pathOf('default', 'micro-pay')}/subscribers`
  await expect.poll(async () => (await merak.ask<Listed<Subscriber>>(at)).items.every((one) => one.is_current)).toBe(true)
  const { items } = await merak.ask<Listed<Subscriber>>(at)
  expect(items.length).toBeGreaterThan(0)
  await expect(page.getByText(new RegExp(`${items.length} of ${items.length} ha(s|ve) the newest state`))).toBeVisible()
  const rows = page.getByRole('table').getByRole('row')
  await expect(rows).toHaveCount(items.length + 1)
  for (const { client, applied_revision: revision } of items) {
    const cells = rows.filter({ hasText: client.address }).getByRole('cell')
    await expect(cells.nth(0)).toHaveText(`${client.service.namespace} / ${client.service.name}`)
    await expect(cells.nth(1)).toHaveText('Current')
    await expect(cells.nth(2)).toHaveText(String(revision))
    await expect(cells.nth(4)).toHaveText(`${client.sdk} ${client.sdk_version}`)
  }
})
