import type { Page } from '@playwright/test'
import { expected } from '../faults'
import { expect, test } from '../fixtures'
import { gate } from '../gate'
import { type Merak, rulePath } from '../merak'

const SPEC = { callee: { service: 'pay' }, branches: [{ targets: [{}] }], otherwise: 'fall_through' }

/** Three rules, the last of which was moved to the front and not published. */
async function moved(page: Page, merak: Merak) {
  for (const [index, name] of ['one', 'two', 'three'].entries()) {
    // oxlint-disable-next-line no-await-in-loop -- in this order
    await merak.rule('routing-rules', 'default', name, { ...SPEC, priority: 10 * index })
  }
  await page.goto('/routing-rules')
  await page.getByRole('button', { name: /^Move three/ }).focus()
  await page.keyboard.press('Home')
  await expect(page.getByRole('button', { name: 'Preview' })).toBeEnabled()
}

const priorityOf = async (merak: Merak, name: string) =>
  (await merak.ask<{ priority: number }>(rulePath('routing-rules', 'default', name))).priority

test('an order that is not published asks before one leaves it, and is not published from the past', async ({ page, merak }) => {
  await moved(page, merak)
  const leaving = page.getByRole('dialog', { name: 'Leave without publishing?' })
  await page.getByRole('link', { name: 'Services', exact: true }).click()
  await leaving.getByRole('button', { name: 'Stay' }).click()
  await page.getByRole('combobox', { name: 'Namespace' }).selectOption('default')
  await leaving.getByRole('button', { name: 'Stay' }).click()
  await page.getByRole('button', { name: 'Look at the past' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Show that moment' }).click()
  await leaving.getByRole('button', { name: 'Leave' }).click()
  await expect(page.getByText('Read only while you look at the past')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Preview' })).toHaveCount(0)
  await page.getByRole('button', { name: 'Back to now' }).click()
  await expect(page.getByRole('list', { name: 'Routing rules' }).locator('> li').first()).toContainText('one')
  await expect(page.getByRole('button', { name: 'Preview' })).toHaveCount(0)
})

test('an order that is being published is not left before its end is known', async ({ page, merak, faults }) => {
  await moved(page, merak)
  const { passed, letGo } = gate()
  await page.route('**/routing-rules/**', async (route) => {
    if (route.request().method() !== 'PUT') return route.fallback()
    await passed
    return route.abort()
  })
  await page.getByRole('button', { name: 'Preview' }).click()
  const dialog = page.getByRole('dialog', { name: 'Publish the new order' })
  await dialog.getByRole('button', { name: 'Publish' }).click()
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeDisabled()
  await page.keyboard.press('Escape')
  letGo()
  await expect(dialog.getByRole('alert')).toContainText('The control plane cannot be reached')
  expect(await priorityOf(merak, 'three')).toBe(20)
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await expect(dialog).toBeHidden()
  await expected(faults, { status: 'unanswered', path: /routing-rules/ })
})

test('two quick clicks on a switch are one', async ({ page, merak }) => {
  await moved(page, merak)
  const writes: string[] = []
  page.on('request', (request) => request.method() === 'PUT' && writes.push(request.url()))
  const { passed, letGo } = gate()
  await page.route('**/routing-rules/two*', async (route) => {
    if (route.request().method() === 'PUT') await passed
    return route.fallback()
  })
  await page.getByRole('switch', { name: 'two is applied' }).dblclick()
  letGo()
  await expect(page.getByText('two is off')).toBeVisible()
  await expect(page.getByRole('switch', { name: 'two is applied' })).not.toBeChecked()
  await expect(page.getByRole('alert')).toHaveCount(0)
  expect(writes).toHaveLength(1)
})
