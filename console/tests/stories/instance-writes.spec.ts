import type { Page } from '@playwright/test'
import { expect, test } from '../fixtures'
import { shop } from '../merak'

const ORDER = '/services/default/com.shop%2Forder'

interface Answer {
  isolated: boolean
  health: string
}

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
