import { expect, test } from '../fixtures'
import { shop } from '../merak'

test('keys lead from the page and from its search to the rows, and back out', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/services')
  const table = page.getByRole('table')
  await expect(table.getByRole('link')).toHaveCount(6)
  await page.keyboard.press('ArrowDown')
  await expect(table.getByRole('link').first()).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await expect(table.getByRole('link').nth(1)).toBeFocused()

  await page.keyboard.press('/')
  const field = page.getByRole('combobox', { name: 'Search' })
  await expect(field).toBeFocused()
  await page.keyboard.type('pay')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/q=pay/)
  await expect(table.getByRole('link')).toHaveCount(1)
  await page.keyboard.press('ArrowDown')
  await expect(table.getByRole('link', { name: 'com.shop/pay' })).toBeFocused()

  await page.keyboard.press('/')
  await page.keyboard.press('Escape')
  await expect(field).toHaveValue('')
  await expect(table.getByRole('link')).toHaveCount(6)
  // All tokens are offered now.
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await expect(field).not.toBeFocused()
  await page.keyboard.press('g')
  await page.keyboard.press('w')
  await expect(page).toHaveURL(/\/simulator/)
})
