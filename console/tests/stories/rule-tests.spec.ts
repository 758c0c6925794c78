import type { Page } from '@playwright/test'
import { expected } from '../faults'
import { expect, test } from '../fixtures'
import { type Merak, rulePath, shop } from '../merak'

const AT = rulePath('routing-rules', 'default', 'canary')

interface Rule {
  revision: number
  priority: number
  tests?: { description?: string; expect: Record<string, unknown>; request: { headers?: Record<string, string> } }[]
}

const VIP = {
  description: '42 gets v2',
  request: { to: { service: 'com.shop/order' }, headers: { 'x-user': '42' } },
  expect: { decided_by: 'default/canary[0]', labels: { version: 'v2.0.0' } },
}

const SPEC = {
  callee: { service: 'com.shop/order' },
  priority: 10,
  branches: [
    {
      name: 'vip',
      matches: { all: [{ on: 'header', key: 'x-user', op: 'exact', value: '42' }] },
      targets: [{ labels: { version: 'v2.0.0' } }],
    },
    { name: 'rest', targets: [{ labels: { version: 'v1.4.2' } }] },
  ],
  otherwise: 'fall_through',
}

async function open(page: Page, merak: Merak, tests: object[] = [VIP]) {
  await shop(merak)
  await merak.rule('routing-rules', 'default', 'canary', { ...SPEC, tests })
  await page.goto('/routing-rules/default/canary')
}

const testRow = (page: Page, name: RegExp) => page.getByRole('list', { name: 'Tests' }).getByRole('listitem', { name })

test('a rule shows its tests with what becomes of each, and more are written in a form', async ({ page, merak }) => {
  await open(page, merak)
  const vip = testRow(page, /test 1: 42 gets v2/)
  await expect(vip).toContainText('passes')
  await expect(vip).toContainText('anybody → com.shop/order, x-user: 42')
  await expect(vip).toContainText('decided by branch 1, vip, version = v2.0.0')
  await page.getByRole('button', { name: 'Add a test' }).click()
  const added = testRow(page, /test 2/)
  await added.getByLabel('What it shows').fill('others stay')
  await added.getByLabel('decided by').selectOption('branch 1, vip')
  await expect(added).toContainText('fails')
  await expect(added).toContainText('default/canary[1]')
  await expect(page.getByText('Checked: tests fail')).toBeVisible()
  await added.getByText('Why', { exact: true }).click()
  await expect(added.getByRole('list', { name: 'What was looked at, in order' })).toContainText('x-user')
  await added.getByLabel('decided by').selectOption('branch 2, rest')
  await expect(added).toContainText('passes')
  await expect(page.getByText('2 of 2 pass')).toBeVisible()
  await page.getByRole('button', { name: 'Review changes' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await expect(page.getByText('canary was published')).toBeVisible()
  const { tests = [] } = await merak.ask<Rule>(AT)
  expect(tests.map(({ description, expect: wanted }) => [description, wanted])).toEqual([
    [VIP.description, VIP.expect],
    ['others stay', { decided_by: 'default/canary[1]' }],
  ])
  await page.getByRole('button', { name: 'Remove test 2' }).click()
  await expect(page.getByText('1 of 1 pass')).toBeVisible()
})

test('the form of a test shows its own call, whatever becomes of the tests around it', async ({ page, merak }) => {
  await open(page, merak)
  for (const [number, method] of [[2, 'PUT'], [3, 'POST']] as const) {
    await page.getByRole('button', { name: 'Add a test' }).click()
    const added = testRow(page, new RegExp(`test ${number}`))
    await added.getByLabel('Method').fill(method)
    // A test that expects nothing is faulty, and its form is shown.
    await added.getByLabel('decided by').selectOption('')
  }
  await expect(testRow(page, /test 2/).getByLabel('Method')).toHaveValue('PUT')
  await page.getByRole('button', { name: 'Remove test 2' }).click()
  await expect(testRow(page, /test 3/)).toHaveCount(0)
  await expect(testRow(page, /test 2/).getByLabel('Method')).toHaveValue('POST')
  await page.getByRole('button', { name: 'Discard' }).click()
  const vip = testRow(page, /test 1/)
  await page.getByRole('button', { name: 'Edit test 1' }).click()
  await vip.getByLabel('Method').fill('PATCH')
  await page.getByRole('button', { name: 'Discard' }).click()
  await expect(vip.getByLabel('Method')).toHaveValue('')
  const theirs = { ...VIP, request: { ...VIP.request, method: 'DELETE' } }
  await merak.rule('routing-rules', 'default', 'canary', { ...SPEC, tests: [theirs] })
  await expect(vip.getByLabel('Method')).toHaveValue('DELETE')
  await vip.getByLabel('What it shows').fill('theirs')
  await expect(page.getByText('Checked: it can be published')).toBeVisible()
  await page.getByRole('button', { name: 'Review changes' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await expect(page.getByText('canary was published')).toBeVisible()
  expect((await merak.ask<Rule>(AT)).tests).toEqual([{ ...theirs, description: 'theirs' }])
})

test('an answer of the simulator is kept as a test of the rule that decided', async ({ page, merak }) => {
  await open(page, merak, [])
  await page.goto('/simulator?to=default/com.shop/order&headers=x-user%3D42')
  await page.getByRole('link', { name: 'Keep as a test' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('canary')
  const kept = testRow(page, /test 1/)
  await expect(kept).toContainText('passes')
  await expect(kept).toContainText('it is routed, decided by branch 1, vip, version = v2.0.0')
  await expect(page).not.toHaveURL(/test=/)
  await page.getByRole('button', { name: 'Review changes' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await expect(page.getByText('canary was published')).toBeVisible()
  const { tests = [] } = await merak.ask<Rule>(AT)
  expect(tests.map(({ request }) => request.headers)).toEqual([{ 'x-user': '42' }])
})

test('what fails tests is shown before it is published, and is published only on purpose', async ({ page, merak }) => {
  await open(page, merak)
  await page.getByRole('button', { name: 'Move branch 2 up' }).click()
  const failing = page.getByRole('region', { name: '1 test would fail' })
  await expect(failing).toContainText('canary test 1: 42 gets v2')
  await expect(failing).toContainText(/Label version.*expected v2\.0\.0 got v1\.4\.2 at instance/)
  await page.getByRole('button', { name: 'Review changes' }).click()
  const dialog = page.getByRole('dialog', { name: 'Publish canary' })
  await expect(dialog.locator('.side-changed').first()).toBeInViewport()
  await expect(dialog.getByRole('region', { name: '1 test would fail' })).toContainText('42 gets v2')
  const publish = dialog.getByRole('button', { name: 'Publish anyway' })
  await expect(publish).toBeDisabled()
  await dialog.getByRole('checkbox', { name: 'I know that these tests will fail' }).check()
  await publish.click()
  await expect(page.getByText('canary was published')).toBeVisible()
  await expect(testRow(page, /test 1/)).toContainText('fails')
})

test('a rule beside another one does not break its tests unnoticed', async ({ page, merak }) => {
  await open(page, merak)
  await page.goto('/routing-rules/new')
  await page.getByLabel('Name', { exact: true }).fill('before')
  await page.getByRole('combobox', { name: 'Called service', exact: true }).fill('com.shop/order')
  await page.getByLabel('Priority').fill('1')
  const failing = page.getByRole('region', { name: '1 test would fail' })
  await expect(failing).toContainText('canary test 1: 42 gets v2')
  await expect(failing).toContainText('default/before[0]')
  await page.getByLabel('Priority').fill('90')
  await expect(page.getByText('Checked: it can be published')).toBeVisible()
  await expect(failing).toHaveCount(0)
})

test('a test that comes while a change is reviewed is in the way, and so is one when a rule goes', async ({ page, merak, faults }) => {
  await open(page, merak, [])
  const needed = { ...VIP, expect: { decided_by: 'default/canary' } }
  const other = { ...SPEC, priority: 50, tests: [needed] }
  await page.getByRole('button', { name: 'Remove condition 1' }).or(page.getByRole('checkbox', { name: 'The rule is applied' })).last().uncheck()
  await page.getByRole('button', { name: 'Review changes' }).click()
  const dialog = page.getByRole('dialog', { name: 'Publish canary' })
  await expect(dialog.getByRole('button', { name: 'Publish', exact: true })).toBeEnabled()
  await merak.rule('routing-rules', 'default', 'other', other)
  await dialog.getByRole('button', { name: 'Publish', exact: true }).click()
  await expect(dialog.getByRole('region', { name: '1 test would fail' })).toContainText('other test 1: 42 gets v2')
  await expect(dialog.getByRole('button', { name: 'Publish anyway' })).toBeDisabled()
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Discard' }).click()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  const asked = page.getByRole('dialog', { name: 'canary: tests are in the way' })
  await expect(asked).toContainText('other test 1: 42 gets v2')
  await asked.getByRole('button', { name: 'Cancel' }).click()
  expect((await merak.ask<Rule>(AT)).priority).toBe(10)
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await asked.getByRole('button', { name: 'Do it anyway' }).click()
  await expect(page.getByText('canary was deleted')).toBeVisible()
  await expected(faults, { status: 422, path: /\/routing-rules\/canary$/ })
})

/** A test that a rule is the first for a service. */
const first = (name: string, service: string) => [
  { description: `${name} decides`, request: { to: { service } }, expect: { decided_by: `default/${name}[0]` } },
]

test('a new order asks for each rule whose tests are in the way, and stops where one says no', async ({ page, merak, faults }) => {
  const write = (name: string, service: string, priority: number, tests: object[] = []) =>
    merak.rule('routing-rules', 'default', name, { callee: { service }, priority, branches: [{ targets: [{}] }], otherwise: 'fall_through', tests })
  await write('order-1', 'order', 10, first('order-1', 'order'))
  await write('pay-1', 'pay', 20, first('pay-1', 'pay'))
  await write('order-2', 'order', 30)
  await write('pay-2', 'pay', 40)
  await page.goto('/routing-rules')
  for (const name of ['order-1', 'pay-1']) {
    await page.getByRole('button', { name: new RegExp(`^Move ${name}`) }).focus()
    await page.keyboard.press('End')
  }
  await page.getByRole('button', { name: 'Preview' }).click()
  await page.getByRole('dialog', { name: 'Publish the new order' }).getByRole('button', { name: 'Publish' }).click()
  const asked = page.getByRole('dialog', { name: /tests are in the way/ })
  await expect(asked).toContainText('order-1 decides')
  await expect(asked).not.toContainText('pay-1 decides')
  await asked.getByRole('button', { name: 'Do it anyway' }).click()
  await expect(asked).toContainText('pay-1 decides')
  await expect(asked).not.toContainText('order-1 decides')
  await asked.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('1 of 2 were written.')
  await expect(page.getByText('1 rule has another priority')).toBeVisible()
  const priority = async (name: string) => (await merak.ask<Rule>(rulePath('routing-rules', 'default', name))).priority
  expect(await Promise.all(['order-1', 'pay-1', 'order-2', 'pay-2'].map(priority))).not.toEqual([10, 20, 30, 40])
  expect(await Promise.all(['pay-1', 'pay-2'].map(priority))).toEqual([20, 40])
  await expected(faults, { status: 422, path: /\/routing-rules\/(order|pay)-2$/ })
})
