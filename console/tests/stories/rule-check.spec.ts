import type { Page } from '@playwright/test'
import { expected } from '../faults'
import { expect, test } from '../fixtures'
import { type Merak, rulePath, rules, shop } from '../merak'
import { applications, limits } from '../rule-data'

/** Requests that the browser tells of as errors. */
function watchRefusals(page: Page): string[] {
  const refused: string[] = []
  page.on('response', (response) => response.status() >= 400 && refused.push(`${response.status()} ${response.url()}`))
  return refused
}

async function chinese(page: Page) {
  await page.getByRole('button', { name: '切换到中文' }).click()
}

async function nowhere(page: Page, merak: Merak, path: string) {
  await shop(merak)
  await rules(merak)
  await limits(merak)
  await page.goto(path)
}

// The fixture fails a test on any error in the browser's console: that is what these are about.

test('a routing rule that is half typed is no error to the browser', async ({ page, merak }) => {
  await nowhere(page, merak, '/routing-rules/new')
  const refused = watchRefusals(page)
  await page.getByLabel('Name', { exact: true }).pressSequentially('ca$na', { delay: 300 })
  await expect(page.getByLabel('Name', { exact: true })).toHaveAttribute('aria-invalid', 'true')
  await page.getByLabel('Name', { exact: true }).fill('order-canary')
  await expect(page.getByText('There is a rule of this name already').first()).toBeVisible()
  await expect(page.getByRole('button', { name: 'Review changes' })).toBeDisabled()
  await page.getByLabel('Name', { exact: true }).fill('canary')
  await page.getByRole('combobox', { name: 'Called service', exact: true }).fill('com.shop/order')
  await page.getByRole('button', { name: 'Add a branch' }).click()
  await page.getByLabel('Calls that it takes').first().selectOption('all')
  await expect(page.getByText('It cannot be published like this')).toBeVisible()
  await page.getByRole('combobox', { name: 'Key' }).first().fill('x-user')
  await page.getByLabel('Test').first().selectOption('regex')
  await page.getByRole('combobox', { name: 'Value' }).first().fill('(')
  await expect(page.getByText('It cannot be published like this')).toBeVisible()
  await page.getByRole('combobox', { name: 'Value' }).first().fill('^4')
  await expect(page.getByText('Checked: it can be published')).toBeVisible()
  expect(refused).toEqual([])
})

test('nearby rules, limits and documents that are half typed are no errors either', async ({ page, merak }) => {
  await nowhere(page, merak, '/nearby-rules/new')
  const refused = watchRefusals(page)
  await page.getByLabel('Name', { exact: true }).fill('near')
  await expect(page.getByText('It cannot be published like this')).toBeVisible()
  await page.getByRole('combobox', { name: 'Called service', exact: true }).fill('com.shop/pay')
  await expect(page.getByText('Checked: it can be published')).toBeVisible()
  await page.getByRole('button', { name: 'Discard' }).click()
  await page.goto('/rate-limit-rules/default/users')
  await page.getByRole('group', { name: 'Amount 1' }).getByLabel('Calls').fill('0')
  await expect(page.getByRole('group', { name: 'Amount 1' }).getByLabel('Calls')).toHaveAttribute('aria-invalid', 'true')
  await page.getByRole('group', { name: 'Amount 1' }).getByLabel('Calls').fill('5000')
  await expect(page.getByText(/is never reached/).first()).toBeVisible()
  await page.getByRole('button', { name: 'JSON', exact: true }).click()
  await page.getByLabel('Rule as JSON').fill('{"callee": 1, "amount": []}')
  await expect(page.getByLabel('Rule as JSON')).toHaveAttribute('aria-invalid', 'true')
  await page.getByRole('button', { name: 'Discard' }).click()
  expect(refused).toEqual([])
})

test('what is refused is said in the language of the page', async ({ page, merak }) => {
  await nowhere(page, merak, '/routing-rules/default/order-canary')
  await chinese(page)
  await page.getByLabel('优先级').fill('10001')
  await expect(page.getByText('10001 超出范围 0 到 10000').first()).toBeVisible()
  await page.getByLabel('优先级').fill('10')
  await page.getByLabel('描述').fill('x'.repeat(1_025))
  await expect(page.getByText('共 1025 个字符，最多 1024 个').first()).toBeVisible()
  await page.getByRole('button', { name: '放弃修改' }).click()
  await page.goto('/routing-rules/new')
  await page.getByLabel('名称', { exact: true }).fill('a b')
  await expect(page.getByText('第 2 个字符“ ”不允许使用').first()).toBeVisible()
  await page.getByLabel('名称', { exact: true }).fill('order-canary')
  await expect(page.getByText('已有同名规则').first()).toBeVisible()
})

test('a refusal is said in Chinese, too', async ({ page, merak, faults }) => {
  await nowhere(page, merak, '/routing-rules/default/nothing')
  await chinese(page)
  await expect(page.getByRole('alert').first()).toContainText('不存在')
  await expected(faults, { status: 404, path: /\/routing-rules\/nothing(\/revisions)?$/ })
})

test('limits that say nothing are warned of, in the editor, in the list and in the overview', async ({ page, merak }) => {
  await nowhere(page, merak, '/rate-limit-rules/new')
  await page.getByLabel('Name', { exact: true }).fill('weak')
  await page.getByRole('combobox', { name: 'Protected service', exact: true }).fill('com.shop/order')
  await page.getByRole('group', { name: 'Amount 1' }).getByLabel('Calls').fill('2000')
  await page.getByRole('button', { name: 'Add a condition' }).click()
  await page.getByRole('button', { name: 'Add a condition' }).click()
  for (const [number, op] of [[1, 'present'], [2, 'absent']] as const) {
    const condition = page.getByRole('group', { name: `Condition ${number}` })
    await condition.getByRole('combobox', { name: 'Key' }).fill('x-user')
    await condition.getByLabel('Test').selectOption(op)
  }
  await expect(page.getByRole('button', { name: 'No call can meet these conditions' })).toBeVisible()
  await page.getByRole('button', { name: 'Review changes' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('weak')
  await page.goto('/rate-limit-rules')
  await expect(page.getByRole('listitem', { name: 'weak', exact: true })).toContainText('1 warning')
  await page.goto('/')
  const attention = page.locator('section', { has: page.getByRole('heading', { name: 'Needs attention' }) })
  const rows = attention.getByRole('listitem').filter({ hasText: 'weak' })
  await expect(rows).toHaveCount(1)
  await expect(rows).toContainText('No call can meet these conditions')
  await expect(rows).toContainText('limit that no application enforces')
  await rows.first().getByRole('link', { name: 'weak' }).click()
  await expect(page).toHaveURL(/rate-limit-rules\/default\/weak/)
})

test('a check that is not answered keeps nobody from going on, and is made again', async ({ page, merak, faults }) => {
  await nowhere(page, merak, '/routing-rules/default/order-canary')
  let missing: 'busy' | 'silent' | 'none' = 'busy'
  const problem = { status: 503, contentType: 'application/problem+json', json: { title: 'busy', status: 503, detail: 'too much at once' } }
  await page.route('**/api/v1/analyze', (route) => (missing === 'none' ? route.fallback() : missing === 'busy' ? route.fulfill(problem) : route.abort()))
  await page.getByLabel('Priority').fill('15')
  await expect(page.getByText('It could not be checked. It is tried again.')).toBeVisible()
  await expect(page.getByRole('alert').filter({ hasText: 'too much at once' })).toBeVisible()
  const review = page.getByRole('button', { name: 'Review changes' })
  await expect(review).toBeEnabled()
  missing = 'none'
  await expect(page.getByText('Checked: it can be published')).toBeVisible()
  await expect(page.getByText('too much at once')).toHaveCount(0)
  missing = 'silent'
  await page.getByLabel('Priority').fill('16')
  await expect(page.getByText('The control plane does not answer. What you typed is kept.')).toBeVisible()
  missing = 'none'
  await expect(page.getByText('Checked: it can be published')).toBeVisible()
  missing = 'busy'
  await page.getByLabel('Priority').fill('17')
  await expect(page.getByText('too much at once')).toBeVisible()
  missing = 'none'
  await review.click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await expect(page.getByText('order-canary was published')).toBeVisible()
  expect(await merak.ask(rulePath('routing-rules', 'default', 'order-canary'))).toMatchObject({ priority: 17 })
  await expected(faults, { status: 503, path: /\/api\/v1\/analyze$/ })
  await expected(faults, { status: 'unanswered', path: /\/api\/v1\/analyze$/ })
})

test('applications that cannot understand a rule are named, with why', async ({ page, merak }) => {
  await shop(merak)
  await rules(merak)
  await applications(merak)
  await page.goto('/routing-rules/default/order-canary')
  const unable = page.getByRole('region', { name: 'Go without it, because they cannot understand it' })
  await expect(unable).toContainText('com.shop/user')
  await expect(unable).toContainText('branches[0]: unknown operator')
  await expect(page.getByText('applied by 1 of 2').first()).toBeVisible()
  await expect(page.getByText('not understood by 1').first()).toBeVisible()
  await page.goto('/')
  const attention = page.locator('section', { has: page.getByRole('heading', { name: 'Needs attention' }) })
  await expect(attention).toContainText('rule that 1 of 2 applications cannot understand')
})
