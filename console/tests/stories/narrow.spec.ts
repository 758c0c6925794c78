import { expect, test } from '../fixtures'
import { shop } from '../merak'

const ORDER = '/services/default/com.shop%2Forder'

test('on a phone, a row of instances shows all of it, with its actions at hand', async ({ page, merak }) => {
  await shop(merak)
  await page.setViewportSize({ width: 360, height: 740 })
  await page.goto(ORDER)
  const row = page.getByRole('table').getByRole('row', { name: /10\.0\.14\.1:8080/ })
  for (const text of ['v1.4.2', 'eu-2', 'env=prod', 'static']) await expect(row.getByText(text)).toBeInViewport({ ratio: 1 })
  await expect(row.getByLabel('Weight of 10.0.14.1:8080')).toBeInViewport({ ratio: 1 })
  await expect(row.getByRole('button', { name: 'More actions for 10.0.14.1:8080' })).toBeInViewport({ ratio: 1 })
  await row.getByRole('button', { name: 'Isolate 10.0.14.1:8080' }).click()
  await expect(row.getByText('Isolated')).toBeInViewport({ ratio: 1 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
})

test('in a low window, such as one at 200 %, no bar covers what is below it', async ({ page, merak }) => {
  await shop(merak)
  await page.setViewportSize({ width: 640, height: 400 })
  await page.goto('/routing-rules/new')
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  const sticky = () =>
    page.evaluate(() => {
      const placed = [...document.querySelectorAll('.shell *')].map((one) => ({ one, position: getComputedStyle(one).position }))
      return placed.filter(({ one, position }) => /sticky|fixed/.test(position) && one.getBoundingClientRect().height > 20).map(({ one }) => one.className)
    })
  expect((await sticky()).filter((name) => !/skip|toasts/.test(name))).toEqual([])
  await page.goto(ORDER)
  await expect(page.getByRole('table').getByRole('row').nth(1)).toBeVisible()
  expect((await sticky()).filter((name) => !/skip|toasts/.test(name))).toEqual([])
  await expect(page.getByRole('link', { name: 'Changes', exact: true })).toBeAttached()
})
