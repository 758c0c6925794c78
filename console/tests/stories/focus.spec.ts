import { expect, test } from '../fixtures'
import { shop } from '../merak'

test('what opened a dialog has the focus when it closes', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/services/default/com.shop%2Forder')
  const opener = page.getByRole('button', { name: 'Register instance' })
  await opener.focus()
  await page.keyboard.press('Enter')
  await expect(page.getByLabel('Host')).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(opener).toBeFocused()
  const menu = page.getByRole('button', { name: 'More actions for 10.0.14.1:8080' })
  await menu.click()
  await page.getByRole('menuitem', { name: 'Edit metadata' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(menu).toBeFocused()
})

test('what had the focus before the palette has it after', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/services')
  const search = page.getByRole('combobox', { name: 'Search' })
  await search.focus()
  await page.keyboard.press('Control+k')
  await expect(page.getByRole('dialog', { name: 'Find or run' }).getByRole('combobox')).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(search).toBeFocused()
})
