import type { Locator, Page } from '@playwright/test'
import { expect, test } from '../fixtures'
import { shop } from '../merak'
import { canary, limits } from '../rule-data'

/*
 * What is half typed is no error: the browser reports each request that is refused, which the fixture `faults` takes for a failure.
 */

/** Each letter is typed after the pause that makes a page take what was typed so far. */
const PAUSE_MS = 280

const SERVICE = 'default/com.shop/order'

/** Types as somebody who thinks about each letter. */
async function type(field: Locator, text: string) {
  await field.fill('')
  await field.pressSequentially(text, { delay: PAUSE_MS })
}

/** Adds a fact of each kind. */
async function typeFacts(page: Page) {
  for (const [at, kind] of ['Header', 'Query', 'Cookie', 'Caller label', 'Argument'].entries()) {
    await page.getByRole('button', { name: 'Add a fact' }).click()
    const fact = page.getByRole('group', { name: `Fact ${at + 1}` })
    await fact.getByLabel('Kind').selectOption(kind)
    await type(fact.getByLabel('Name'), 'X :')
    await type(fact.getByLabel('Value'), '=b')
  }
}

const draftOf = (service: string, rest: object) => JSON.stringify({ name: 'd', spec: { callee: { service }, ...rest } })

test.beforeEach(async ({ merak }) => {
  await shop(merak)
  await canary(merak)
  await limits(merak)
})

test('a call is typed letter by letter, and nothing is refused', async ({ page }) => {
  test.setTimeout(180_000)
  await page.goto('/simulator')
  const answer = page.getByRole('region', { name: 'Where it goes' })
  await type(page.getByRole('combobox', { name: 'Called service' }), `${SERVICE}s`)
  await expect(answer.getByRole('alert')).toContainText(`There is no service ${SERVICE}s`)
  await expect(answer.getByRole('link', { name: 'Search services' })).toHaveAttribute('href', '/services?q=com.shop/orders')
  await type(page.getByRole('combobox', { name: 'Called service' }), 'a/b c')
  await page.getByRole('combobox', { name: 'Called service' }).fill(SERVICE)
  await expect(answer.getByRole('status').first()).toContainText('Goes to')
  await type(page.getByRole('combobox', { name: 'Caller', exact: true }), 'default/a b')
  await expect(page.getByRole('combobox', { name: 'Caller', exact: true })).toHaveAccessibleDescription(/' '/)
  await type(page.getByRole('combobox', { name: 'Caller', exact: true }), 'com.shop/user')
  await type(page.getByRole('combobox', { name: 'Method' }), 'get')
  await type(page.getByLabel('Path'), '/a?b')
  await typeFacts(page)
  await page.getByText('Where the caller is').click()
  for (const name of ['Region', 'Zone', 'Campus']) await type(page.getByLabel(name, { exact: true }), 'e 1')
  await type(page.getByLabel('Caller IP'), '10.0.0.')
  await expect(page.getByLabel('Caller IP')).toHaveAccessibleDescription('"10.0.0." is not an IP address')
  await type(page.getByLabel('Caller IP'), 'fe80::1')
  await expect(page.getByLabel('Caller IP')).not.toHaveAttribute('aria-invalid', 'true')
  await type(page.getByLabel('Excluded instances'), 'a b/')
})

test('a draft is typed letter by letter, and nothing is refused', async ({ page }) => {
  test.setTimeout(180_000)
  await page.goto(`/simulator?to=${SERVICE}`)
  await page.getByText('Try a draft rule').click()
  const draft = page.getByRole('textbox', { name: 'Draft' })
  const text = draftOf('com.shop/o', { branches: [{ targets: [{}] }], otherwise: 'reject' })
  await type(draft, text)
  await expect(draft).toHaveAccessibleDescription(/the draft is not for calls to/)
  await draft.fill(text.replace('/o', '/order'))
  await expect(page.getByRole('heading', { name: 'With the draft' })).toBeVisible()
})

test('calls against rate limits are typed letter by letter, and nothing is refused', async ({ page }) => {
  test.setTimeout(180_000)
  await page.goto('/simulator/rate-limits')
  await type(page.getByRole('combobox', { name: 'Called service' }), 'default/com.shop/pay')
  await type(page.getByRole('combobox', { name: 'Caller', exact: true }), 'a/b c')
  await type(page.getByRole('combobox', { name: 'Caller', exact: true }), 'com.shop/user')
  await type(page.getByLabel('Caller IP'), '10.0.0.7')
  await typeFacts(page)
  for (const field of await page.locator('.call-form input[inputmode="numeric"]').all()) {
    await type(field, '0')
    await field.fill('9'.repeat(30))
    await field.press('Backspace')
    await expect(field).toHaveAccessibleDescription(/outside/)
    await field.fill('2')
  }
  await page.getByText('Try a draft rule').click()
  const draft = page.getByRole('textbox', { name: 'Draft' })
  const text = draftOf('com.shop/pay', { amounts: [{ max: 0, window_ms: 1000 }] })
  await type(draft, text.slice(0, 60))
  await draft.fill(text)
  await expect(draft).toHaveAccessibleDescription(/spec\/amounts\/0\/max/)
  await draft.fill(text.replace('"max":0', '"max":1'))
  await expect(page.locator('.reasons > li').filter({ hasText: 'default /d' })).toBeVisible()
})

test('searches are typed letter by letter, and nothing is refused', async ({ page }) => {
  test.setTimeout(180_000)
  for (const [path, text] of [
    ['/services', 'pay health:unhealthy metadata.a:b"x'],
    ['/services/default/com.shop%2Forder', 'ip:10.0.* isolated:true metadata.a\\:b:c'],
    ['/routing-rules', '"a callee:pay status:applied zone:a'],
    ['/nearby-rules', 'enabled:tr'],
    ['/rate-limit-rules', 'metadata.env:*'],
    ['/namespaces', 'metadata.a:b c'],
  ] as const) {
    await page.goto(path)
    await type(page.getByRole('combobox', { name: 'Search' }), text)
  }
  await page.goto('/changes')
  for (const name of ['Service', 'Actor']) {
    await type(page.getByRole('combobox', { name, exact: true }), 'a b/*')
    await page.keyboard.press('Enter')
  }
  await page.keyboard.press('Control+k')
  await type(page.getByRole('dialog').getByRole('combobox'), 'pay/ *\\')
})

/** Types into every field of a form, one after the other. */
async function typeAll(form: Locator) {
  const fields = form.locator('input:not([type=checkbox], [type=radio], [type=range], [type=datetime-local], [readonly]), textarea')
  for (const field of await fields.all()) {
    if ((await field.isVisible()) && (await field.isEditable())) await type(field, 'a *')
  }
}

for (const path of ['/routing-rules/new', '/nearby-rules/new', '/rate-limit-rules/new', '/routing-rules/default/order-canary']) {
  test(`every field of ${path} is typed into, and nothing is refused`, async ({ page }) => {
    test.setTimeout(180_000)
    await page.goto(path)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    for (const button of await page.getByRole('button', { name: /^Add/ }).all()) await button.click()
    await typeAll(page.locator('main'))
  })
}

test('every field of the dialogs is typed into, and nothing is refused', async ({ page }) => {
  test.setTimeout(180_000)
  for (const [path, button] of [
    ['/services', 'Create service'],
    ['/namespaces', 'Create namespace'],
    ['/services/default/com.shop%2Forder', 'Register instance'],
    ['/services/default/com.shop%2Forder', 'Change all that match'],
  ] as const) {
    await page.goto(path)
    await page.getByRole('button', { name: button }).click()
    const dialog = page.getByRole('dialog')
    const action = dialog.getByLabel('What to do')
    if (await action.isVisible()) await action.selectOption({ index: 2 })
    await typeAll(dialog)
  }
})
