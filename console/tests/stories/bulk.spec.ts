import type { Page } from '@playwright/test'
import { AWAY, expected } from '../faults'
import { expect, test } from '../fixtures'
import { gate } from '../gate'
import { type Merak, pathOf, shop } from '../merak'

const PAY = pathOf('default', 'bulk')

interface Answer {
  id: string
  weight: number
}

async function many(merak: Merak, count: number) {
  for (let from = 0; from < count; from += 500) {
    const items = Array.from({ length: Math.min(500, count - from) }, (_, index) => ({
      register: { id: `i-${from + index}`, host: '10.0.0.1', port: from + index + 1, health_check: { type: 'none' } },
    }))
    // oxlint-disable-next-line no-await-in-loop -- the API takes this many at once
    await merak.ask(`${PAY}/instances:batch`, 'POST', { items })
  }
}

async function counted(page: Page, weight: string) {
  await page.getByRole('button', { name: 'Change all that match' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('What to do').selectOption('Set the weight')
  await dialog.getByLabel('Weight', { exact: true }).fill(weight)
  await dialog.getByRole('button', { name: 'Count first' }).click()
  return dialog
}

const weightOf = async (merak: Merak, id: string) => (await merak.ask<Answer>(`${PAY}/instances/${id}`)).weight

test('what a change of many did before it failed is told, and undone', async ({ page, merak, faults }) => {
  await many(merak, 700)
  await page.goto('/services/default/bulk')
  const dialog = await counted(page, '7')
  let batches = 0
  await page.route('**/instances:batch', (route) => {
    batches += 1
    return batches === 2 ? route.abort() : route.fallback()
  })
  await dialog.getByRole('button', { name: 'Change 700 instances' }).click()
  await expect(dialog.getByRole('alert')).toContainText('500 of 700 were changed. The control plane cannot be reached')
  const listed = async (weight: number) =>
    (await merak.ask<{ items: Answer[] }>(`${PAY}/instances?page_size=500&sort=-weight`)).items.filter((one) => one.weight === weight).length
  expect(await listed(7)).toBe(300)
  await dialog.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByText('500 instances changed')).toBeVisible()
  await expect(dialog).toBeHidden()
  await expect.poll(() => listed(100)).toBe(500)
  expect(await listed(7)).toBe(0)
  await expected(faults, { status: 'unanswered', path: /instances:batch$/ })
})

test('a change of many leaves alone what somebody else set since it was counted, and so does its undo', async ({ page, merak }) => {
  await many(merak, 4)
  await page.goto('/services/default/bulk')
  const dialog = await counted(page, '7')
  await expect(dialog.getByText('4 of 4 instances would change')).toBeVisible()
  await merak.patch('default', 'bulk', 'i-0', { weight: 55 })
  // Changed too, but not in what is being changed.
  await merak.patch('default', 'bulk', 'i-1', { health: 'unhealthy' })
  await dialog.getByRole('button', { name: 'Change 4 instances' }).click()
  await expect(page.getByText('3 changed, 1 refused')).toBeVisible()
  const weights = () => Promise.all(['i-0', 'i-1', 'i-2', 'i-3'].map((id) => weightOf(merak, id)))
  expect(await weights()).toEqual([55, 7, 7, 7])
  await merak.patch('default', 'bulk', 'i-2', { weight: 66 })
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(weights).toEqual([55, 100, 66, 100])
})

test('a change of many is neither altered nor left while it is written', async ({ page, merak, faults }) => {
  await shop(merak)
  await many(merak, 2)
  await page.goto('/services/default/bulk')
  const dialog = await counted(page, '7')
  const { passed, letGo } = gate()
  await page.route('**/instances:batch', async (route) => {
    await passed
    return route.fallback()
  })
  await dialog.getByRole('button', { name: 'Change 2 instances' }).click()
  await expect(dialog.getByLabel('What to do')).toBeDisabled()
  await expect(dialog.getByLabel('Weight', { exact: true })).toBeDisabled()
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeDisabled()
  await page.keyboard.press('Escape')
  await expect(dialog).toBeVisible()
  letGo()
  await expect(page.getByText('2 instances changed')).toBeVisible()
  await expect(dialog).toBeHidden()
  await merak.kill()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByRole('alert')).toContainText('The control plane cannot be reached')
  await expected(faults, AWAY)
})

test('a change of many that leaves nothing to take calls says so', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/services/default/com.shop%2Forder')
  await page.getByRole('button', { name: 'Change all that match' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Count first' }).click()
  await expect(dialog.getByText('Nothing of the service would be left to take calls.')).toBeVisible()
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await page.goto('/services/default/com.shop%2Forder?q=version:v1*')
  await page.getByRole('button', { name: 'Change all that match' }).click()
  await dialog.getByRole('button', { name: 'Count first' }).click()
  await expect(dialog.getByText('2 of 3 instances would change')).toBeVisible()
  await expect(dialog.getByText('Nothing of the service')).toHaveCount(0)
})
