import type { Page } from '@playwright/test'
import { expect, test } from '../fixtures'
import { gate } from '../gate'
import { pathOf, shop } from '../merak'

const ORDER = '/services/default/com.shop%2Forder'
const FIRST = `${pathOf('default', 'com.shop/order')}/instances/order-1`

interface Answer {
  weight: number
  isolated: boolean
  health: string
  metadata: Record<string, string>
}

/** Holds back what the page writes to instances until it is let go; answers how much it wrote. */
async function slowly(page: Page) {
  const { passed, letGo } = gate()
  const writes: string[] = []
  await page.route('**/instances/**', async (route) => {
    if (route.request().method() === 'GET') return route.fallback()
    writes.push(route.request().postData() ?? '')
    await passed
    return route.fallback()
  })
  return { writes, letGo }
}

test('Enter and then Tab write a weight once', async ({ page, merak }) => {
  await shop(merak)
  await page.goto(ORDER)
  const { writes, letGo } = await slowly(page)
  const weight = page.getByLabel('Weight of 10.0.14.1:8080')
  await weight.fill('250')
  await weight.press('Enter')
  await weight.press('Tab')
  letGo()
  await expect(page.getByText('10.0.14.1:8080: weight 100 → 250')).toBeVisible()
  await expect(weight).toHaveValue('250')
  await expect(page.getByRole('alert')).toHaveCount(0)
  expect(writes).toEqual(['{"weight":250}'])
})

test('a weight that is typed while another is being written stays, and is written over it', async ({ page, merak }) => {
  await shop(merak)
  await page.goto(ORDER)
  const { writes, letGo } = await slowly(page)
  const weight = page.getByLabel('Weight of 10.0.14.1:8080')
  await weight.fill('250')
  await weight.press('Enter')
  await weight.fill('26')
  letGo()
  await expect(page.getByText('10.0.14.1:8080: weight 100 → 250')).toBeVisible()
  await expect(weight).toHaveValue('26')
  await weight.press('Enter')
  await expect(page.getByText('10.0.14.1:8080: weight 250 → 26')).toBeVisible()
  expect(writes).toEqual(['{"weight":250}', '{"weight":26}'])
})

test('metadata that others add while one edits stays, and the dialog outlives its row', async ({ page, merak }) => {
  await shop(merak)
  await page.goto(`${ORDER}?q=health:healthy`)
  // Rows stay while one points at them.
  await page.getByRole('button', { name: 'More actions for 10.0.14.1:8080' }).press('Enter')
  await page.getByRole('menuitem', { name: 'Edit metadata' }).press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Metadata of 10.0.14.1:8080' })
  await dialog.getByLabel('Metadata').fill('env=prod\ncanary=yes')
  await merak.patch('default', 'com.shop/order', 'order-1', { metadata: { added: 'meanwhile' } })
  await expect(page.getByText('added=meanwhile')).toBeAttached()
  await merak.patch('default', 'com.shop/order', 'order-1', { health: 'unhealthy' })
  await expect(page.getByRole('row')).toHaveCount(6)
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('10.0.14.1:8080: metadata changed')).toBeVisible()
  const metadata = async () => (await merak.ask<Answer>(FIRST)).metadata
  expect(await metadata()).toEqual({ env: 'prod', canary: 'yes', added: 'meanwhile' })
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(metadata).toEqual({ env: 'prod', added: 'meanwhile' })
})

for (const { where, bring } of [
  { where: 'the toast', bring: (page: Page) => page.getByRole('button', { name: 'Undo' }).click() },
  {
    where: 'the changes',
    bring: async (page: Page) => {
      await page.goto('/changes?service=com.shop/order&kind=instance')
      await page.getByRole('button', { name: /10\.0\.14\.1:8080 .*deregistered/ }).click()
      await page.getByRole('button', { name: 'Take back' }).click()
    },
  },
]) {
  test(`a deregistered instance that was out of traffic comes back out of traffic, from ${where}`, async ({ page, merak }) => {
    await shop(merak)
    await merak.patch('default', 'com.shop/order', 'order-1', { isolated: true, health: 'unhealthy' })
    await page.goto(ORDER)
    await page.getByRole('button', { name: 'More actions for 10.0.14.1:8080' }).click()
    await page.getByRole('menuitem', { name: 'Deregister' }).click()
    await expect(page.getByText('10.0.14.1:8080 was deregistered')).toBeVisible()
    await bring(page)
    const log = () => merak.ask<{ items: { after: Answer | null }[] }>('/api/v1/changes?instance=order-1&page_size=1')
    // At once, so that it never gets a call between.
    await expect.poll(async () => (await log()).items[0]?.after).toMatchObject({ isolated: true, health: 'unhealthy' })
    const { items } = await merak.ask<{ items: { before: Answer | null }[] }>('/api/v1/changes?instance=order-1&page_size=1')
    expect(items[0]?.before).toBeNull()
  })
}

test('a weight that is none stays where it was typed, and says what it may be', async ({ page, merak }) => {
  await shop(merak)
  await page.goto(ORDER)
  const weight = page.getByLabel('Weight of 10.0.14.1:8080')
  await weight.fill('10001')
  await weight.press('Tab')
  await expect(weight).toHaveValue('10001')
  await expect(page.getByText('A whole number from 0 to 10000, not “10001”')).toBeInViewport()
  await weight.press('Escape')
  await expect(weight).toHaveValue('100')
  await expect(page.getByText('A whole number from 0 to 10000')).toHaveCount(0)
})
