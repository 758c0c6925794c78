import type { Page } from '@playwright/test'
import { expect, test } from '../fixtures'
import { shop } from '../merak'
import { limits } from '../rule-data'

const RULES = '/api/v1/namespaces/default/rate-limit-rules'

interface Rule {
  revision: number
  enabled: boolean
  amounts: { max: number; window_ms: number; burst?: number }[]
  scope: string
  action: unknown
}

async function publish(page: Page, name = 'Publish') {
  await page.getByRole('button', { name: 'Review changes' }).click()
  await page.getByRole('dialog').getByRole('button', { name }).click()
}

test('limits are listed with what they count and how much passes', async ({ page, merak }) => {
  await shop(merak)
  await limits(merak)
  await page.goto('/rate-limit-rules')
  const rules = page.getByRole('list', { name: 'Rate limits' }).locator('> li')
  await expect(rules).toHaveCount(3)
  await expect(rules.nth(0)).toContainText(/users.*com\.shop\/pay.*10 in 1 s and 200 in 1 min \(50 at once\).*header x-user is there/)
  await expect(rules.nth(1)).toContainText(/all-together.*any service.*The control plane.*1,000 in 1 s/)
  await page.getByRole('combobox', { name: 'Search' }).fill('slow')
  await expect(rules).toHaveCount(1)
  await rules.getByRole('switch').click()
  await expect(page.getByText('slow-reports is off')).toBeVisible()
  expect((await merak.ask<Rule>(`${RULES}/slow-reports`)).enabled).toBe(false)
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(async () => (await merak.ask<Rule>(`${RULES}/slow-reports`)).enabled).toBe(true)
})

test('a limit is made from nothing, said in words, checked as it is typed, and published', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/rate-limit-rules')
  await page.getByRole('link', { name: 'New rate limit' }).first().click()
  await page.getByLabel('Name', { exact: true }).fill('per-user')
  await page.getByRole('combobox', { name: 'Protected service', exact: true }).fill('com.shop/order')
  await page.getByRole('button', { name: 'Add a condition' }).click()
  const condition = page.getByRole('group', { name: 'Condition 1' })
  await condition.getByRole('combobox', { name: 'Key' }).fill('x-user')
  await condition.getByLabel('Test').selectOption('present')
  const amount = page.getByRole('group', { name: 'Amount 1' })
  await amount.getByLabel('Calls').fill('0')
  await expect(amount.getByLabel('Calls')).toHaveAttribute('aria-invalid', 'true')
  await expect(page.getByRole('button', { name: 'Review changes' })).toBeDisabled()
  await amount.getByLabel('Calls').fill('5')
  await amount.getByLabel('Window: unit').selectOption('min')
  await expect(page.getByText('at most 5 in 1 min, counted by each instance for itself.')).toBeVisible()
  await expect(page.getByText('Each value of header x-user has a counter of its own.')).toBeVisible()
  await page.getByRole('radio', { name: 'Let it wait' }).check()
  await page.getByLabel('Wait at most', { exact: true }).fill('250')
  await expect(page.getByText('One too many waits for its turn, up to 250 ms, and is then refused with status 429.')).toBeVisible()
  await publish(page, 'Create')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('per-user')
  const rule = await merak.ask<Rule>(`${RULES}/per-user`)
  expect(rule.amounts).toEqual([{ max: 5, window_ms: 60_000 }])
  expect(rule.action).toEqual({ queue: { max_wait_ms: 250 } })
})

test('a limit goes to the control plane, without what that cannot count', async ({ page, merak }) => {
  await shop(merak)
  await limits(merak)
  await page.goto('/rate-limit-rules/default/users')
  await page.getByRole('radio', { name: 'The control plane' }).check()
  await expect(page.getByLabel('At once')).toHaveCount(0)
  await page.getByRole('radio', { name: 'Let every call through' }).check()
  await expect(page.getByText('While the control plane is away, all calls pass.')).toBeVisible()
  await publish(page)
  await expect(page.getByText('users was published')).toBeVisible()
  const rule = await merak.ask<Rule & { failover: string }>(`${RULES}/users`)
  expect([rule.scope, rule.failover]).toEqual(['global', 'pass'])
  expect(rule.amounts.map(({ burst }) => burst)).toEqual([undefined, undefined])
  await page.getByRole('link', { name: 'History' }).click()
  const revisions = page.getByRole('list', { name: 'Revisions, newest first' }).locator('> li')
  await expect(revisions).toHaveCount(2)
  await revisions.nth(1).getByRole('button', { name: /Go back to/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Go back to it' }).click()
  await expect(page.getByText(/users says again what it said at revision/)).toBeVisible()
  expect((await merak.ask<Rule>(`${RULES}/users`)).scope).toBe('local')
})

test('two who write the same limit do not overwrite each other', async ({ page, merak }) => {
  await shop(merak)
  await limits(merak)
  await page.goto('/rate-limit-rules/default/slow-reports')
  await page.getByLabel('Calls under way at a time').fill('7')
  const { revision, ...rule } = await merak.ask<Rule & Record<string, unknown>>(`${RULES}/slow-reports`)
  const spec = Object.fromEntries(Object.entries(rule).filter(([key]) => !['namespace', 'created_revision', 'created_at', 'modified_at'].includes(key)))
  const answer = await fetch(`${merak.url}${RULES}/slow-reports`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', 'if-match': `"${revision}"` },
    body: JSON.stringify({ ...spec, description: 'theirs' }),
  })
  expect(answer.ok).toBe(true)
  await expect(page.getByText(/Somebody published revision \d+ while you were writing/)).toBeVisible()
  await page.getByRole('button', { name: 'Compare' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Take both' }).click()
  await publish(page)
  await expect(page.getByText('slow-reports was published')).toBeVisible()
  expect(await merak.ask(`${RULES}/slow-reports`)).toMatchObject({ description: 'theirs', concurrency: 7 })
})

test('a service shows its limits, and the palette finds them', async ({ page, merak }) => {
  await shop(merak)
  await limits(merak)
  await page.goto('/services/default/com.shop%2Fpay/rules')
  const rules = page.getByRole('list', { name: 'How many calls it takes' }).locator('> li')
  await expect(rules).toHaveCount(2)
  await expect(rules.nth(0)).toContainText(/users.*called/)
  await expect(rules.nth(1)).toContainText(/all-together.*any service/)
  await page.keyboard.press('Control+k')
  const palette = page.getByRole('dialog', { name: 'Find or run' })
  await palette.getByRole('combobox').fill('slow-rep')
  await palette.getByRole('option', { name: 'slow-reports' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('slow-reports')
})

test('what is made of a limit is shown live, by counter and by instance', async ({ page, merak }) => {
  const rule = { name: 'hourly', callee: { service: 'micro-pay' }, amounts: [{ max: 5_000, window_ms: 3_600_000 }], scope: 'global' }
  await merak.ask(RULES, 'POST', rule)
  await merak.ask(RULES, 'POST', { ...rule, name: 'by-each', scope: 'local' })
  await page.goto('/rate-limit-rules/default/hourly')
  await page.getByRole('link', { name: 'Live usage' }).click()
  await expect(page.getByText('No calls now')).toBeVisible()
  const order = await merak.system()
  const counter = page.getByRole('list', { name: 'Counters' }).getByRole('region', { name: 'All calls', exact: true })
  const meter = counter.getByRole('meter', { name: 'in this 1 h' })
  await expect(meter).toHaveAttribute('aria-valuetext', '1 of 5,000 used')
  await expect(counter.getByRole('link', { name: 'default / micro-pay' })).toBeVisible()
  // An instance that gets no more calls gives back what it holds, and takes part no more.
  const instances = counter.getByRole('table', { name: 'Instances that let calls through: All calls, micro-pay' })
  await expect(async () => {
    await order()
    await expect(instances.getByRole('row')).toHaveCount(2, { timeout: 500 })
  }).toPass()
  await page.goto('/rate-limit-rules/default/by-each?tab=usage')
  await expect(page.getByText('Applications count this limit themselves')).toBeVisible()
})

test('where nothing is counted it is said why, in the language of the page', async ({ page, merak }) => {
  const rule = { name: 'off', enabled: false, callee: { service: 'micro-pay' }, amounts: [{ max: 5, window_ms: 1_000 }], scope: 'global' }
  await merak.ask(RULES, 'POST', rule)
  await merak.ask(RULES, 'POST', { ...rule, name: 'by-each', enabled: true, scope: 'local' })
  await page.goto('/rate-limit-rules/default/off?tab=usage')
  const usage = page.getByRole('region', { name: 'Live usage' })
  await expect(usage).toContainText('The rule is off')
  await expect(usage).not.toContainText('No calls now')
  await page.getByRole('button', { name: '切换到中文' }).click()
  await expect(page.getByText('停用的规则不限制调用，也不计数')).toBeVisible()
  await page.goto('/rate-limit-rules/default/by-each?tab=usage')
  await expect(page.getByText('此限流由应用自行计数')).toBeVisible()
})

test('calls are tried out against the limits of a service', async ({ page, merak }) => {
  await shop(merak)
  await limits(merak)
  await page.goto('/rate-limit-rules/default/users')
  await page.getByRole('link', { name: 'Simulate a call' }).click()
  await expect(page.getByLabel('Called service')).toHaveValue('default/com.shop/pay')
  const rules = page.getByRole('list', { name: 'Rate limits, in order' }).locator('> li')
  await expect(rules.filter({ hasText: 'users' })).toContainText('does not count it')
  await page.goto('/simulator/rate-limits?to=default/com.shop/pay&method=/pay&headers=x-user%3D42')
  await page.getByLabel('Calls', { exact: true }).fill('30')
  await expect(page.getByRole('status').filter({ hasText: 'Rejected' })).toContainText('10 go through at once, 0 wait, 20 are rejected')
  await expect(rules.filter({ hasText: 'users' })).toContainText('header.x-user=42')
  await expect(page.getByRole('region', { name: 'What the caller of the last call is told' })).toContainText('429')
  await expect(page.getByRole('img', { name: /Of 30 calls/ })).toBeVisible()
  await expect(page).toHaveURL(/calls=30/)
  const spec = { callee: { service: 'com.shop/pay' }, amounts: [{ max: 25, window_ms: 1_000 }] }
  await page.getByText('Try a draft rule').click()
  await page.getByLabel('Draft', { exact: true }).fill(JSON.stringify({ name: 'users', spec }))
  await expect(page.getByRole('status').filter({ hasText: 'Rejected' })).toContainText('25 go through at once, 0 wait, 5 are rejected')
})
