import { expect, test } from '../fixtures'
import { shop } from '../merak'

test('an address whose moment is none says so, and leads back to now', async ({ page, merak }) => {
  await shop(merak)
  for (const path of ['/', '/services/staging/mailer/timeline', '/changes']) {
    await page.goto(`${path}?as_of=yesterday`)
    await expect(page.getByRole('alert')).toContainText('“yesterday” is neither a revision')
    await page.getByRole('button', { name: 'Look at the past' }).click()
    await expect(page.getByRole('dialog')).toBeVisible()
    await page.keyboard.press('Escape')
  }
  await page.getByRole('button', { name: 'Back to now' }).click()
  await expect(page).toHaveURL(/\/changes$/)
  await expect(page.getByText(/Instance .* created|registered/).first()).toBeVisible()
})

test('a search for a word that every object has is refused like any other', async ({ page, merak }) => {
  await shop(merak)
  for (const path of ['/services', '/routing-rules', '/services/staging/mailer']) {
    await page.goto(path)
    await page.getByRole('combobox', { name: 'Search' }).fill('constructor:x')
    await expect(page.getByText('“constructor” is no token here')).toBeVisible()
  }
})

test('a page that crashed has a way out', async ({ page, merak, faults }) => {
  await shop(merak)
  await page.route('**/api/v1/services*', (route) => route.fulfill({ json: {} }))
  await page.goto('/services?ns=default')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('The console failed to show this')
  await page.unroute('**/api/v1/services*')
  await page.getByRole('link', { name: 'Go to the overview' }).click()
  await expect(page.getByRole('heading', { name: 'Needs attention' })).toBeVisible()
  const crashes = faults.splice(0)
  expect(crashes.length).toBeGreaterThan(0)
  for (const { source } of crashes) expect(['pageerror', 'console']).toContain(source)
})

test('a moment with an offset is whole in the command that asks for it', async ({ page, merak }) => {
  await shop(merak)
  const moment = new Date().toISOString().replace('Z', '+00:00')
  await page.goto(`/services/staging/mailer/json?as_of=${encodeURIComponent(moment)}`)
  await expect(page.getByText(`curl -s '${merak.url}`)).toContainText(`?as_of=${encodeURIComponent(moment)}`)
})
