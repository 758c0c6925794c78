import { expected } from '../faults'
import { expect, test } from '../fixtures'
import { rulePath, rules, shop } from '../merak'

const CANARY = rulePath('routing-rules', 'default', 'order-canary')

interface Rule {
  revision: number
  description: string
}

test('a rule that is deleted while one writes is created again with what was written', async ({ page, merak, faults }) => {
  await shop(merak)
  await rules(merak)
  await page.goto('/routing-rules/default/order-canary')
  await page.getByLabel('Description').fill('outlives it')
  const { revision } = await merak.ask<Rule>(CANARY)
  await fetch(merak.url + CANARY, { method: 'DELETE', headers: { 'if-match': `"${revision}"` } })
  await expect(page.getByText('publishing it creates the rule again')).toBeVisible()
  await expect(page.getByText('It was deleted meanwhile: publishing creates it again')).toBeVisible()
  await page.getByRole('button', { name: 'Review changes' }).click()
  const dialog = page.getByRole('dialog', { name: 'Create order-canary again' })
  await expect(dialog).toContainText('It is gone: somebody deleted it.')
  await dialog.getByRole('button', { name: 'Create it again' }).click()
  await expect(page.getByText('order-canary was created')).toBeVisible()
  expect((await merak.ask<Rule>(CANARY)).description).toBe('outlives it')
  await expect(page.getByText('publishing it creates the rule again')).toHaveCount(0)
  await expected(faults, { status: 404, path: /\/routing-rules\/order-canary/ })
})

test('an empty rule says what is missing when it is to be published', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/routing-rules/new')
  await page.getByRole('button', { name: 'Review changes' }).click()
  await expect(page.getByLabel('Name', { exact: true })).toBeFocused()
  await expect(page.getByLabel('Name', { exact: true })).toHaveAccessibleDescription('A rule needs a name')
})
