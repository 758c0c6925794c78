import { expect, test } from '../fixtures'
import { shop } from '../merak'

test('choosing a namespace on the page of a thing elsewhere leads to the list there', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/services/staging/mailer')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('mailer')
  const picker = page.getByRole('combobox', { name: 'Namespace' })
  await picker.selectOption('staging')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('mailer')
  await picker.selectOption('default')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Services')
  await expect(page).toHaveURL(/\/services\?ns=default/)
  await expect(page.getByRole('link', { name: 'legacy-billing' })).toBeVisible()
})
