import { expect, test } from '../fixtures'
import { shop } from '../merak'
import { canary } from '../rule-data'

test('a service shows the rules that are about it, in the order in which they are tried', async ({ page, merak }) => {
  await shop(merak)
  await canary(merak)
  await page.goto('/services/default/com.shop%2Forder')
  await page.getByRole('link', { name: 'Rules', exact: true }).click()
  const called = page.getByRole('list', { name: 'For calls to it' }).locator('> li')
  await expect(called).toHaveCount(3)
  await expect(called.nth(0)).toContainText(/asleep.*called.*Off/)
  await expect(called.nth(1)).toContainText(/order-canary.*priority 10.*called/)
  await expect(called.nth(1)).not.toContainText('warning')
  const lost = { name: 'lost', priority: 5, callee: { service: 'com.shop/order' }, branches: [{ targets: [{ labels: { version: 'v9' } }] }], otherwise: 'fall_through' }
  await merak.ask('/api/v1/namespaces/default/routing-rules', 'POST', lost)
  await expect(called.nth(1)).toContainText(/lost.*1 warning/)
  await expect(called).toHaveCount(4)
  await expect(called.nth(3)).toContainText(/no-deletes.*priority 20.*any service/)
  await called.getByRole('link', { name: 'Simulate a call for order-canary' }).click()
  await expect(page.getByRole('combobox', { name: 'Caller', exact: true })).toHaveValue('default/com.shop/user')
  await expect(page.getByRole('region', { name: 'Where it goes' }).getByRole('status').first()).toContainText('rule order-canary')
})

test('a service shows the rules for the calls that it makes, and leads to each', async ({ page, merak }) => {
  await shop(merak)
  await canary(merak)
  await page.goto('/services/default/com.shop%2Fuser/rules')
  const calls = page.getByRole('list', { name: 'For calls that it makes' }).locator('> li')
  await expect(calls).toHaveCount(1)
  await expect(calls).toContainText(/order-canary.*caller/)
  await calls.getByRole('link', { name: 'order-canary', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('order-canary')
})

test('of several nearby rules the first one that is on applies', async ({ page, merak }) => {
  await shop(merak)
  await canary(merak)
  const rule = { name: 'far', priority: 5, callee: { service: '*' }, level: 'region' }
  await merak.ask('/api/v1/namespaces/default/nearby-rules', 'POST', rule)
  await page.goto('/services/default/com.shop%2Fpay/rules')
  const nearby = page.getByRole('list', { name: 'Which calls to it stay near' }).locator('> li')
  await expect(nearby.nth(0)).toContainText(/near.*applies/)
  await expect(nearby.nth(1)).toContainText(/far.*an earlier one applies/)
  await nearby.nth(0).getByRole('switch').click()
  await expect(nearby.nth(1)).toContainText(/far.*priority 5.*applies/)
  await expect(nearby.nth(1)).not.toContainText('an earlier one applies')
})

test('a service that no rule is about says so, and leads to a new one', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/services/default/com.shop%2Fpay/rules')
  await expect(page.getByText('No rule is about this service')).toBeVisible()
  await page.getByRole('link', { name: 'New routing rule' }).click()
  await expect(page.getByRole('combobox', { name: 'Called service', exact: true })).toHaveValue('com.shop/pay')
})
