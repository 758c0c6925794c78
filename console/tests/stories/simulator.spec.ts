import { execFileSync } from 'node:child_process'
import type { Page } from '@playwright/test'
import { said } from '../compare'
import { AWAY, expected } from '../faults'
import { expect, test } from '../fixtures'
import { BINARY, type Merak, pathOf, shop } from '../merak'
import { canary } from '../rule-data'

const ORDER = '/simulator?to=default/com.shop/order&from=default/com.shop/user'

interface Explanation {
  verdict: string
  decided_by?: string
  picked: string
  candidates: { id: string; address: string; probability: number }[]
  distribution: Record<string, number>
}

const verdict = (page: Page) => page.getByRole('region', { name: 'Where it goes' }).getByRole('status').first()
const run = (command: string) => JSON.parse(execFileSync('sh', ['-c', command], { encoding: 'utf8' })) as Explanation
const reasons = (page: Page) => page.getByRole('list', { name: 'What was looked at, in order' })

test.beforeEach(async ({ merak }) => {
  await shop(merak)
  await canary(merak)
})

test('a call is typed with the keyboard alone, and told where it goes and why', async ({ page }) => {
  await page.goto('/simulator')
  await page.getByRole('combobox', { name: 'Called service' }).fill('default/com.shop/order')
  await page.keyboard.press('Tab')
  await page.keyboard.type('default/com.shop/user')
  await expect(verdict(page)).toContainText('“rest” of rule order-canary takes every call that reaches it')
  await page.getByRole('button', { name: 'Add a fact' }).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('group', { name: 'Fact 1' }).getByLabel('Name')).toBeFocused()
  await page.keyboard.type('X-User')
  await page.keyboard.press('Tab')
  await page.keyboard.type('42')
  await expect(verdict(page)).toContainText('“vip” of rule order-canary takes calls where header.x-user is one of 42, 43')
  const check = reasons(page).getByRole('listitem').filter({ hasText: 'header.x-user' }).last()
  await expect(check).toContainText(/Holds:.*header\.x-user.*is one of.*42.*43.*got.*42/)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('group', { name: 'Fact 2' }).getByLabel('Name')).toBeFocused()
  await page.keyboard.press('Backspace')
  await expect(page.getByRole('group', { name: 'Fact 2' })).toHaveCount(0)
  await expect(page.getByRole('group', { name: 'Fact 1' }).getByLabel('Value')).toBeFocused()
})

test('the shares and the draws are what the API says', async ({ page, merak }) => {
  await page.goto(`${ORDER}&seed=3`)
  const request = { from: { service: 'com.shop/user', namespace: 'default' }, to: { service: 'com.shop/order', namespace: 'default' } }
  const told = await merak.ask<Explanation>('/api/v1/simulate/route', 'POST', { request, seed: 3, draws: 1000 })
  const table = page.getByRole('table', { name: 'Who may get it' })
  await expect(table.getByRole('row')).toHaveCount(told.candidates.length + 1)
  for (const { id, address, probability } of told.candidates) {
    const row = table.getByRole('row', { name: new RegExp(address) })
    // Beside the address, the version and the target.
    await expect(row.getByRole('cell').nth(3)).toHaveText(`${Math.round(1000 * probability) / 10} %`)
    await expect(row.getByRole('cell').nth(4)).toHaveText(said(told.distribution[id] ?? 0))
  }
  const picked = told.candidates.find(({ id }) => id === told.picked)
  await expect(verdict(page)).toContainText(picked?.address ?? 'nothing')
  await page.getByRole('button', { name: 'Draw again' }).click()
  await expect(page).toHaveURL(/seed=4/)
})

test('every reason is there: rules in order, what was left out, what was not reached', async ({ page }) => {
  await page.goto(`${ORDER}&headers=x-user%3D7`)
  const rules = reasons(page).locator('> li')
  await expect(rules).toHaveCount(3)
  await expect(rules.nth(0)).toContainText(/order-canary.*decides.*priority 10/)
  await expect(rules.nth(0)).toContainText(/Does not hold:.*header\.x-user.*got.*7/)
  await expect(rules.nth(0)).toContainText('weight 70 of 100')
  await expect(rules.nth(0)).toContainText(/isolated.*10\.0\.14\.3:8080/)
  await expect(rules.nth(1)).toContainText(/no-deletes.*not looked at: decided before/)
  await expect(rules.nth(2)).toContainText(/asleep.*not enabled/)
  await expect(page.getByText(/Decided by instances at revision \d+, routing rules at \d+, nearby rule at –/)).toBeVisible()
})

test('a rejected call says which rule rejects it', async ({ page }) => {
  await page.goto('/simulator?to=default/com.shop/order&method=DELETE')
  await expect(verdict(page)).toContainText('Rejected')
  await expect(verdict(page)).toContainText('no branch of rule no-deletes takes it')
  await expect(reasons(page)).toContainText(/order-canary.*for other callers/)
})

test('a condition that does not hold is met with one press', async ({ page }) => {
  await page.goto(ORDER)
  await page.getByRole('button', { name: 'Try 42 for header.x-user' }).click()
  await expect(page.getByRole('group', { name: 'Fact 1' }).getByLabel('Value')).toHaveValue('42')
  await expect(verdict(page)).toContainText('“vip”')
  await expect(page).toHaveURL(/headers=x-user%3D42/)
})

test('a draft shows what it would change, and changes nothing', async ({ page, merak }) => {
  await page.goto(ORDER)
  await page.getByText('Try a draft rule').click()
  await page.getByLabel('Begin with').selectOption('default/order-canary')
  const draft = page.getByRole('textbox', { name: 'Draft' })
  await expect(draft).toHaveValue(/"weight": 70/)
  await expect(page.getByText('Nothing changes for this call.')).toBeVisible()
  const text = await draft.inputValue()
  await draft.fill(text.replace('"weight": 70', '"weight": 0').replace('"weight": 30', '"weight": 100'))
  const table = page.getByRole('table', { name: 'What the draft changes' })
  await expect(table.getByRole('row', { name: /10\.0\.14\.1:8080/ })).toContainText(/35 %.*0 %.*−35/)
  await expect(page.getByRole('heading', { name: 'With the draft' })).toBeVisible()
  await expect(reasons(page)).toHaveCount(2)
  await draft.fill(text.replace('"weight": 70', '"weight": 70000'))
  await expect(draft).toHaveAccessibleDescription(/spec\/branches\/1\/targets\/0\/weight: .*70000/)
  await draft.fill('{')
  await expect(draft).toHaveAccessibleDescription(/This is not JSON/)
  await expect(reasons(page)).toHaveCount(1)
  const rule = await merak.ask<{ branches: { targets: { weight: number }[] }[] }>('/api/v1/namespaces/default/routing-rules/order-canary')
  expect(rule.branches[1]?.targets.map(({ weight }) => weight)).toEqual([70, 30])
})

test('the link repeats all of it', async ({ page, context }) => {
  await page.goto('/simulator')
  await page.getByRole('combobox', { name: 'Called service' }).fill('default/com.shop/pay')
  await page.getByText('Where the caller is').click()
  await page.getByLabel('Region').fill('eu')
  await page.getByLabel('Zone').fill('eu-2')
  await page.getByLabel('Path').fill('/a?b=c&d')
  await page.getByRole('button', { name: 'Add a fact' }).click()
  await page.getByRole('group', { name: 'Fact 1' }).getByLabel('Kind').selectOption('Caller label')
  await page.getByRole('group', { name: 'Fact 1' }).getByLabel('Name').fill('a=b')
  await page.getByRole('group', { name: 'Fact 1' }).getByLabel('Value').fill('c&d e')
  await expect(page).toHaveURL(/labels=/)
  await expect(verdict(page)).toContainText('Goes to')
  await page.getByRole('button', { name: 'Copy link' }).click()
  await expect(page.getByText('The link is copied')).toBeVisible()
  const link = await page.evaluate(() => navigator.clipboard.readText())
  const goes = (await verdict(page).textContent()) ?? 'nothing'
  const other = await context.newPage()
  await other.goto(link)
  await expect(verdict(other)).toHaveText(goes)
  await expect(other.getByLabel('Zone')).toHaveValue('eu-2')
  await expect(other.getByLabel('Path')).toHaveValue('/a?b=c&d')
  await expect(other.getByRole('group', { name: 'Fact 1' }).getByLabel('Name')).toHaveValue('a=b')
  await expect(other.getByRole('group', { name: 'Fact 1' }).getByLabel('Value')).toHaveValue('c&d e')
  await expect(reasons(other)).toContainText('same zone')
})

test('the commands give the answer of the page, with a draft too', async ({ page }) => {
  const branches = [{ name: 'only', targets: [{ labels: { version: 'v2.0.0' } }] }]
  const spec = { callee: { service: 'com.shop/order' }, branches, otherwise: 'reject' }
  const draft = encodeURIComponent(JSON.stringify({ name: 'order-canary', spec }))
  await page.goto(`${ORDER}&zone=eu-1&headers=x-name%3Do%27neil%26x-user%3D7&labels=env%3Dprod&draft=${draft}`)
  await page.getByText('As a command').click()
  const [merak = '', curl = ''] = await page.locator('.command pre').allInnerTexts()
  const told = run(curl)
  expect(told).toMatchObject({ verdict: 'routed', decided_by: 'default/order-canary[0]' })
  const picked = told.candidates.find(({ id }) => id === told.picked)
  await expect(page.getByText(picked?.address ?? 'nothing').first()).toBeVisible()
  expect(run(merak.replace('merak simulate route', `${BINARY} simulate route --output json`))).toMatchObject({
    decided_by: told.decided_by,
    picked: told.picked,
    distribution: told.distribution,
  })
})

test('the answer follows what happens to the instances and the rules', async ({ page, merak }) => {
  await page.goto(`${ORDER}&headers=x-user%3D42`)
  const table = page.getByRole('table', { name: 'Who may get it' })
  await expect(table.getByRole('row', { name: /10\.0\.14\.4:8080/ })).toBeVisible()
  await merak.patch('default', 'com.shop/order', 'order-4', { isolated: true })
  await expect(table.getByRole('row', { name: /10\.0\.14\.4:8080/ })).toBeHidden()
  const first = { name: 'first', callee: { service: 'com.shop/order' }, branches: [{ targets: [{ labels: { version: 'v0' } }] }], otherwise: 'reject' }
  await merak.ask('/api/v1/namespaces/default/routing-rules', 'POST', first)
  await expect(verdict(page)).toContainText('no branch of rule first takes it')
})

test('an earlier moment is simulated as it was', async ({ page, merak }) => {
  const { revision } = await merak.ask<{ revision: number }>('/api/v1/namespaces/default/routing-rules/order-canary')
  await page.goto(`${ORDER}&as_of=${revision - 1}`)
  await expect(verdict(page)).toContainText('No routing rule is for it, so any instance may get it.')
  await page.getByRole('button', { name: 'Back to now' }).click()
  await expect(verdict(page)).toContainText('rule order-canary')
})

test('an instance is asked why it does not get the call', async ({ page }) => {
  await page.goto('/services/default/com.shop%2Forder')
  await page.getByRole('button', { name: 'More actions for 10.0.14.3:8080' }).click()
  await page.getByRole('menuitem', { name: 'Would calls go to it, and why?' }).click()
  await expect(page.getByRole('region', { name: 'Why not 10.0.14.3:8080?' })).toContainText('left out: isolated')
  await page.getByRole('combobox', { name: 'Caller', exact: true }).fill('default/com.shop/user')
  await page.goto(`${ORDER}&instance=order-1&headers=x-user%3D42`)
  const why = page.getByRole('region', { name: 'Why not 10.0.14.1:8080?' })
  await expect(why).toContainText(/does not have the labels.*“vip”.*version = v2\.0\.0.*has.*v1\.4\.2/)
  await page.goto(`${ORDER}&instance=order-1`)
  await expect(page.getByRole('region', { name: 'Why 10.0.14.1:8080?' })).toContainText('35 % of such calls')
})

test('a service and the palette lead to the simulator', async ({ page }) => {
  await page.goto('/services/default/com.shop%2Fuser')
  await page.getByRole('link', { name: 'Simulate a call' }).click()
  await expect(page.getByRole('combobox', { name: 'Called service' })).toHaveValue('default/com.shop/user')
  await page.keyboard.press('Control+k')
  const palette = page.getByRole('dialog', { name: 'Find or run' })
  await palette.getByRole('combobox').fill('mailer')
  await palette.getByRole('option', { name: 'Simulate a call to mailer' }).click()
  await expect(page.getByRole('combobox', { name: 'Called service' })).toHaveValue('staging/mailer')
  await expect(verdict(page)).toContainText('unhealthy ones count')
})

test('what cannot be simulated is told where it was typed, and heals', async ({ page, merak, faults }) => {
  await page.goto('/simulator?to=default/nobody')
  await expect(page.getByRole('alert')).toContainText('There is no service default/nobody')
  await page.getByRole('combobox', { name: 'Called service' }).fill('default/a b')
  await expect(page.getByRole('combobox', { name: 'Called service' })).toHaveAttribute('aria-invalid', 'true')
  expect(faults).toEqual([])
  await merak.kill()
  await page.getByRole('combobox', { name: 'Called service' }).fill('default/com.shop/order')
  await expect(page.getByRole('alert')).toContainText('cannot be reached', { timeout: 15_000 })
  await merak.serve()
  await expect(verdict(page)).toContainText('Goes to', { timeout: 15_000 })
  await expect(page.getByRole('combobox', { name: 'Called service' })).toHaveValue('default/com.shop/order')
  await expected(faults, AWAY)
})

test('a service of ten thousand instances is simulated without freezing the page', async ({ page, merak }) => {
  test.setTimeout(60_000)
  await big(merak)
  await page.goto('/simulator?to=default/big')
  await expect(verdict(page)).toContainText('one of 5,000 candidates')
  expect(await page.getByRole('row').count()).toBeLessThan(100)
  await expect(reasons(page)).toContainText('and 4,992 more')
})

async function big(merak: Merak) {
  for (let batch = 0; batch < 20; batch += 1) {
    const items = Array.from({ length: 500 }, (_, index) => {
      const number = batch * 500 + index
      const host = `10.1.${Math.floor(number / 256)}.${number % 256}`
      const weight = number % 2
      return { register: { id: `i-${number}`, host, port: 80, weight, health_check: { type: 'none' } } }
    })
    await merak.ask(`${pathOf('default', 'big')}/instances:batch`, 'POST', { items })
  }
}
