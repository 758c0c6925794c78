import { expect, test } from '../fixtures'
import { shop } from '../merak'

test.describe('in a browser of another language', () => {
  test.use({ locale: 'de-DE', timezoneId: 'UTC' })

  test('numbers and times are of the language of the console', async ({ page, merak }) => {
    await shop(merak)
    for (let number = 0; number < 1_000; number += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, more) => merak.service('default', `s-${number + more}`)))
    }
    await page.goto('/')
    await expect(page.getByRole('link', { name: 'Services 1,006' })).toBeVisible()
    const at = new Date(Math.floor(Date.now() / 1_000) * 1_000)
    await page.goto(`/services?ns=default&as_of=${at.toISOString()}`)
    const clock = at.toISOString().slice(11, 19)
    await expect(page.getByText('You are looking at')).toContainText(` ${clock} `)
  })
})

test('a control plane is not called ready before it answered so', async ({ page }) => {
  await page.route('**/readyz', () => undefined)
  await page.goto('/about')
  await expect(page.getByText('Asking…')).toBeVisible()
  await expect(page.getByText('Ready', { exact: true })).toBeHidden()
  await page.unrouteAll({ behavior: 'ignoreErrors' })
})

test('a timeline whose instances cannot be read says so', async ({ page, merak, faults }) => {
  await shop(merak)
  await page.route('**/instances*', (route) => route.fulfill({ status: 500, json: { code: 'internal', detail: 'no instances today' } }))
  await page.goto('/services/staging/mailer/timeline')
  await expect(page.getByRole('alert')).toContainText('could not be read')
  await page.unroute('**/instances*')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByRole('heading', { name: 'Changes' })).toBeVisible()
  faults.splice(0)
})

test('a fact that is half typed survives another draw', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/simulator?to=default/com.shop/order')
  await page.getByRole('button', { name: 'Add a fact' }).click()
  const fact = page.getByRole('group', { name: 'Fact 1' })
  await fact.getByLabel('Value').fill('42')
  await page.getByRole('button', { name: 'Draw again' }).click()
  await expect(page).toHaveURL(/seed=1/)
  await expect(fact.getByLabel('Value')).toHaveValue('42')
})
