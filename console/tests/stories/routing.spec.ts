import type { Page } from '@playwright/test'
import { expected } from '../faults'
import { expect, test } from '../fixtures'
import { type Merak, rulePath, rules, shop } from '../merak'

interface RuleBody {
  name: string
  priority: number
  revision: number
  enabled: boolean
}

const at = (name: string) => rulePath('routing-rules', 'default', name)
const read = <T = RuleBody>(merak: Merak, name: string) => merak.ask<T>(at(name))

async function list(page: Page, merak: Merak) {
  await shop(merak)
  await rules(merak)
  await page.goto('/routing-rules')
  const rows = page.getByRole('list', { name: 'Routing rules' }).getByRole('listitem').and(page.locator('[data-key]'))
  await expect(rows).toHaveCount(3)
  return rows
}

const names = (page: Page) => page.locator('.rule-name a').allTextContents()

test('rules are listed in the order in which they are tried, and what they say is what the API says', async ({ page, merak }) => {
  const rows = await list(page, merak)
  expect(await names(page)).toEqual(['order-canary', 'order-tenants', 'pay-off'])
  await expect(rows.nth(0)).toContainText('com.shop/user')
  await expect(rows.nth(0)).toContainText('header x-user is one of 42, 43')
  await expect(rows.nth(0)).toContainText('70 % stable · 30 % canary')
  await expect(rows.nth(2)).toContainText('Off')
  for (const name of await names(page)) {
    const rule = await read(merak, name)
    const row = page.getByRole('listitem', { name, exact: true })
    await expect(row).toContainText(`priority ${rule.priority}`)
    await expect(row.getByRole('switch')).toBeChecked({ checked: rule.enabled })
  }
  await merak.rule('routing-rules', 'default', 'a-new-one', { priority: 1, callee: { service: 'x' }, branches: [{ targets: [{}] }], otherwise: 'reject' })
  await expect(rows).toHaveCount(4, { timeout: 3_000 })
  expect((await names(page))[0]).toBe('a-new-one')
})

test('rules are found by who calls whom', async ({ page, merak }) => {
  const rows = await list(page, merak)
  const search = page.getByRole('combobox', { name: 'Search' })
  await search.fill('callee:pay')
  await expect(rows).toHaveCount(1)
  await expect(page).toHaveURL(/q=callee:pay/)
  await search.fill('enabled:true metadata.team:trade')
  await expect(rows).toHaveCount(1)
  await search.fill('nothing-like-it')
  await page.getByRole('button', { name: 'Clear the search' }).click()
  await expect(rows).toHaveCount(3)
  await page.getByRole('combobox', { name: 'Namespace' }).selectOption('staging')
  await expect(page.getByText('No routing rules')).toBeVisible()
})

test('what is probably not meant is shown at the rule', async ({ page, merak }) => {
  await list(page, merak)
  const { items } = await merak.ask<{ items: { name: string; warnings: unknown[] }[] }>('/api/v1/warnings?kind=routing_rule')
  const warned = items.find(({ name }) => name === 'order-tenants')
  await expect(page.getByRole('listitem', { name: 'order-tenants', exact: true })).toContainText(`${warned?.warnings.length} warning`)
  await page.getByRole('link', { name: 'order-tenants' }).click()
  await page.getByRole('button', { name: 'No instance has these labels now' }).click()
  await expect(page.getByRole('group', { name: 'Labels of the instances of target 1' }).getByRole('combobox').first()).toBeFocused()
})

test('a rule is put off at once, and the toast puts it on again', async ({ page, merak }) => {
  await list(page, merak)
  const row = page.getByRole('listitem', { name: 'order-canary', exact: true })
  await row.getByRole('switch').click()
  await expect(page.getByText('order-canary is off')).toBeVisible()
  expect((await read(merak, 'order-canary')).enabled).toBe(false)
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByText('order-canary is as it was')).toBeVisible()
  await expect(row.getByRole('switch')).toBeChecked()
  expect((await read(merak, 'order-canary')).enabled).toBe(true)
})

test('rules are reordered by keyboard, previewed, published and taken back', async ({ page, merak }) => {
  await list(page, merak)
  await page.getByRole('button', { name: /^Move pay-off/ }).focus()
  await page.keyboard.press('Home')
  expect(await names(page)).toEqual(['pay-off', 'order-canary', 'order-tenants'])
  await expect(page.getByText('pay-off is now number 1 of 3. Not published yet.')).toBeAttached()
  await expect(page.getByRole('button', { name: /^Move pay-off/ })).toBeFocused()
  await page.keyboard.press('ArrowDown')
  expect(await names(page)).toEqual(['order-canary', 'pay-off', 'order-tenants'])
  await expect(page.getByText('New order, not published: 1 priority changes.')).toBeVisible()
  const before = await read(merak, 'order-canary')
  expect((await read(merak, 'pay-off')).priority).toBe(40)
  await page.getByRole('button', { name: 'Preview' }).click()
  const dialog = page.getByRole('dialog', { name: 'Publish the new order' })
  await expect(dialog.getByRole('row', { name: /pay-off/ })).toContainText('priority 40 → 15')
  await dialog.getByRole('button', { name: 'Publish' }).click()
  await expect(page.getByText('1 rule has another priority')).toBeVisible()
  expect((await read(merak, 'pay-off')).priority).toBe(15)
  expect((await read(merak, 'order-canary')).revision).toBe(before.revision)
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByText('1 of 1 have their priority back')).toBeVisible()
  expect((await read(merak, 'pay-off')).priority).toBe(40)
  await expect.poll(() => names(page)).toEqual(['order-canary', 'order-tenants', 'pay-off'])
})

test('rules are reordered by dragging, and a change of another one refuses what was moved', async ({ page, merak, faults }) => {
  await list(page, merak)
  const handle = page.getByRole('button', { name: /^Move order-canary/ })
  const [from, to] = [await handle.boundingBox(), await page.getByRole('listitem', { name: 'pay-off', exact: true }).boundingBox()]
  await page.mouse.move((from?.x ?? 0) + 5, (from?.y ?? 0) + 5)
  await page.mouse.down()
  await page.mouse.move((to?.x ?? 0) + 20, (to?.y ?? 0) + (to?.height ?? 0) - 4, { steps: 8 })
  await page.mouse.up()
  expect(await names(page)).toEqual(['order-tenants', 'pay-off', 'order-canary'])
  await page.getByRole('button', { name: 'Preview' }).click()
  const dialog = page.getByRole('dialog')
  await page.route(`**${at('order-canary')}`, async (route) => {
    await route.continue({ headers: { ...route.request().headers(), 'if-match': '"1"' } })
  })
  await dialog.getByRole('button', { name: 'Publish' }).click()
  await expect(dialog.getByRole('alert')).toContainText('0 of 1 were written. Somebody changed it meanwhile.')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Discard' }).click()
  expect(await names(page)).toEqual(['order-canary', 'order-tenants', 'pay-off'])
  await expected(faults, { status: 412, path: /\/routing-rules\/order-canary$/ })
})

test('a rule is made with suggestions, shares that sum to 100 and a comparison before it is published', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/routing-rules')
  await page.getByRole('main').getByRole('link', { name: 'New routing rule' }).first().click()
  await page.getByLabel('Name', { exact: true }).fill('pay-canary')
  const callee = page.getByRole('combobox', { name: 'Called service', exact: true })
  await callee.fill('pa')
  await page.getByRole('option', { name: /com\.shop\/pay/ }).click()
  await expect(callee).toHaveValue('com.shop/pay')
  await page.getByLabel('Calls that it takes').selectOption('Calls that meet all conditions')
  const condition = page.getByRole('group', { name: 'Condition 1' })
  await condition.getByRole('combobox', { name: 'Key' }).fill('x-user')
  await condition.getByLabel('Test').selectOption('is one of')
  await condition.getByRole('combobox', { name: 'Add a value, Enter' }).fill('42')
  await page.keyboard.press('Enter')
  await condition.getByRole('combobox', { name: 'Add a value, Enter' }).fill('43')
  const first = page.getByRole('group', { name: 'Target 1', exact: true })
  await first.getByRole('button', { name: 'Add a label' }).click()
  await first.getByRole('combobox', { name: 'Label', exact: true }).fill('ver')
  await page.getByRole('option', { name: /^version/ }).click()
  await first.getByRole('combobox', { name: 'Value' }).click()
  await page.getByRole('option', { name: /v1\.4\.2/ }).click()
  await expect(first.getByText('2 instances now')).toBeVisible()
  await page.getByRole('button', { name: 'Add a target' }).click()
  const second = page.getByRole('group', { name: 'Target 2', exact: true })
  await second.getByRole('button', { name: 'Add a label' }).click()
  await second.getByRole('combobox', { name: 'Label', exact: true }).fill('version')
  await second.getByRole('combobox', { name: 'Value' }).fill('v2.0.0')
  await expect(second.getByText('2 instances now, 1 in use')).toBeVisible()
  await second.getByRole('slider').focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('PageUp')
  const shares = () => page.getByRole('slider').evaluateAll((sliders) => sliders.map((slider) => Number((slider as HTMLInputElement).value)))
  const [one = 0, other = 0] = await shares()
  expect(other).toBeGreaterThan(1)
  expect(one + other).toBe(100)
  await second.getByRole('textbox', { name: /in percent/ }).fill('25')
  expect(await shares()).toEqual([75, 25])
  await expect(page.getByText(/When header x-user is one of 42, 43, 75 % go to instances with version v1\.4\.2, 25 % go to/)).toBeVisible()
  await page.getByRole('button', { name: 'Review changes' }).click()
  const dialog = page.getByRole('dialog', { name: 'Create pay-canary' })
  await expect(dialog.getByRole('region', { name: 'Difference' })).toContainText('"x-user"')
  await dialog.getByRole('button', { name: 'Create' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('pay-canary')
  await expect(page.getByText('pay-canary was created')).toBeVisible()
  const rule = await read<{ branches: { targets: { weight: number; labels: object }[]; matches: unknown }[]; callee: object }>(merak, 'pay-canary')
  expect(rule.callee).toEqual({ service: 'com.shop/pay' })
  expect(rule.branches[0]?.matches).toEqual({ all: [{ on: 'header', key: 'x-user', op: 'in', values: ['42', '43'] }] })
  expect(rule.branches[0]?.targets.map(({ weight, labels }) => ({ weight, labels }))).toEqual([
    { weight: 75, labels: { version: 'v1.4.2' } },
    { weight: 25, labels: { version: 'v2.0.0' } },
  ])
  // What is half typed is refused by the dry run.
})

test('what the control plane refuses stands at its field', async ({ page, merak }) => {
  await shop(merak)
  await rules(merak)
  await page.goto('/routing-rules/default/order-canary')
  const path = page.getByRole('group', { name: 'Condition 2' })
  await path.getByRole('combobox', { name: 'Value' }).fill('(')
  await expect(path.locator('.field-fault')).toBeVisible()
  await expect(path.getByRole('combobox', { name: 'Value' })).toHaveAttribute('aria-invalid', 'true')
  await expect(page.getByRole('button', { name: 'Review changes' })).toBeDisabled()
  await path.getByRole('combobox', { name: 'Value' }).fill('^/pay')
  await expect(path.locator('.field-fault')).toHaveCount(0)
  await page.getByLabel('Priority').fill('high')
  await expect(page.getByText('“high” is not a number').first()).toBeVisible()
  await page.getByLabel('Priority').fill('99999')
  await expect(page.getByRole('button', { name: '/priority' })).toBeVisible()
  await page.getByLabel('Priority').fill('11')
  await expect(page.getByText('Checked: it can be published')).toBeVisible()
})

test('rules are reordered by the menu of a row', async ({ page, merak }) => {
  await list(page, merak)
  const choose = async (rule: string, item: string) => {
    await page.getByRole('button', { name: `More actions for ${rule}` }).click()
    await page.getByRole('menuitem', { name: item, exact: true }).click()
  }
  await choose('order-canary', 'Move down')
  expect(await names(page)).toEqual(['order-tenants', 'order-canary', 'pay-off'])
  await choose('pay-off', 'Move to the top')
  expect(await names(page)).toEqual(['pay-off', 'order-tenants', 'order-canary'])
  await choose('order-canary', 'Move up')
  expect(await names(page)).toEqual(['pay-off', 'order-canary', 'order-tenants'])
  await choose('pay-off', 'Move to the bottom')
  expect(await names(page)).toEqual(['order-canary', 'order-tenants', 'pay-off'])
  await choose('order-tenants', 'Move up')
  await page.getByRole('button', { name: 'Preview' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await expect(page.getByText(/has another priority|have another priority/)).toBeVisible()
  const { priority } = await read(merak, 'order-tenants')
  expect(priority).toBeLessThan((await read(merak, 'order-canary')).priority)
})
