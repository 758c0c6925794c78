import type { Page } from '@playwright/test'
import { expect, test } from '../fixtures'
import { shop } from '../merak'

/** Makes the page as it is over plain http from another machine: browsers give it no clipboard. */
const overPlainHttp = (page: Page) =>
  page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { configurable: true, value: undefined }))

test('what is copied over plain http can be pasted', async ({ page, merak }) => {
  await shop(merak)
  await overPlainHttp(page)
  await page.goto('/services/staging/mailer')
  await page.getByRole('button', { name: 'Copy', exact: true }).first().click()
  await expect(page.getByRole('button', { name: 'Copied' })).toBeFocused()
  await page.keyboard.press('Control+k')
  const word = page.getByRole('dialog').getByRole('combobox')
  await word.press('Control+v')
  await expect(word).toHaveValue('mailer')
  await word.fill('address of this')
  await page.keyboard.press('Enter')
  await expect(page.getByText('Copied', { exact: true })).toBeVisible()
  await page.keyboard.press('Control+k')
  await word.press('Control+v')
  await expect(word).toHaveValue(`${merak.url}/services/staging/mailer`)
})

test('what cannot be copied is said', async ({ page, merak }) => {
  await shop(merak)
  await overPlainHttp(page)
  await page.addInitScript(() => Object.defineProperty(document, 'execCommand', { value: () => false }))
  await page.goto('/simulator?to=staging/mailer')
  await page.getByRole('button', { name: 'Copy link' }).click()
  await expect(page.getByRole('region', { name: 'Messages' }).getByRole('alert')).toContainText('did not let this be copied')
})
