import type { Page, Route } from '@playwright/test'
import { expect, test } from '../fixtures'
import { shop } from '../merak'

/** Makes the page one of a tab that is not shown, until `show`. */
async function openedInBackground(page: Page): Promise<() => Promise<void>> {
  await page.addInitScript(() => Object.defineProperty(document, 'hidden', { configurable: true, value: true }))
  return () =>
    page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { configurable: true, value: false })
      document.dispatchEvent(new Event('visibilitychange'))
    })
}

test('a tab opened in the background shows what is true now when one comes to it', async ({ page, merak }) => {
  await shop(merak)
  const show = await openedInBackground(page)
  await page.goto('/services/default/com.shop%2Forder')
  const weight = page.getByLabel('Weight of 10.0.14.1:8080')
  await expect(weight).toHaveValue('100')
  await merak.patch('default', 'com.shop/order', 'order-1', { weight: 33 })
  await show()
  await expect(page.getByText('Live', { exact: true })).toBeVisible()
  await expect(weight).toHaveValue('33')
})

test('a change between the first answer and the first moment of the stream is shown', async ({ page, merak }) => {
  await shop(merak)
  const held: Route[] = []
  await page.route('**/api/v1/watch*', (route) => void held.push(route))
  await page.goto('/services/default/com.shop%2Forder')
  const weight = page.getByLabel('Weight of 10.0.14.1:8080')
  await expect(weight).toHaveValue('100')
  await merak.patch('default', 'com.shop/order', 'order-1', { weight: 33 })
  await Promise.all(held.map((route) => route.continue()))
  await expect(weight).toHaveValue('33')
})
