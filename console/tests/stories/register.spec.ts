import type { Page } from '@playwright/test'
import { expected } from '../faults'
import { expect, test } from '../fixtures'
import { type Merak, pathOf, shop } from '../merak'

const PAY = '/services/default/com.shop%2Fpay'
const INSTANCES = `${pathOf('default', 'com.shop/pay')}/instances`
const LIVE = { host: '10.7.0.1', port: 8080, version: 'v3', metadata: { env: 'prod' }, health_check: { type: 'heartbeat', ttl_seconds: 5 } }

interface Live {
  id: string
  revision: number
}

/** A service with an instance that beats, and the form for another one, filled with its address. */
async function typeOfLive(page: Page, merak: Merak) {
  await shop(merak)
  const live = await merak.ask<Live>(INSTANCES, 'POST', LIVE)
  await page.goto(PAY)
  await page.getByRole('button', { name: 'Register instance' }).click()
  const dialog = page.getByRole('dialog', { name: 'Register a static instance' })
  await dialog.getByLabel('Host').fill('10.7.0.1')
  await dialog.getByLabel('Port').fill('8080')
  await dialog.getByLabel('Version').fill('mine')
  return { live, dialog }
}

test('registering by hand does not replace an instance that beats', async ({ page, merak }) => {
  const { live, dialog } = await typeOfLive(page, merak)
  await dialog.getByRole('button', { name: 'Register instance' }).click()
  const told = dialog.getByRole('alert')
  await expect(told).toContainText('10.7.0.1:8080 is registered already, and stays as it is.')
  await expect(told).toContainText(/By rest@.* It sends a heartbeat every 5 s\./)
  await expect(told.getByRole('link')).toHaveAttribute('href', /q=ip:10\.7\.0\.1|q=ip%3A10\.7\.0\.1/)
  await expect(dialog.getByLabel('Version')).toHaveValue('mine')
  const now = await merak.ask<Live>(`${INSTANCES}/${live.id}`)
  expect(now).toMatchObject({ ...LIVE, revision: live.revision })
})

test('an instance that registers while one types is not replaced either', async ({ page, merak, faults }) => {
  const { live, dialog } = await typeOfLive(page, merak)
  // As if it were not there yet when the form asks.
  await page.route('**/instances?host=*', (route) => route.fulfill({ json: { items: [] } }), { times: 1 })
  await dialog.getByRole('button', { name: 'Register instance' }).click()
  await expect(dialog.getByRole('alert')).toContainText('10.7.0.1:8080 is registered already')
  expect(await merak.ask<Live>(`${INSTANCES}/${live.id}`)).toMatchObject({ ...LIVE, revision: live.revision })
  await expected(faults, { status: 412, path: /\/com\.shop%2Fpay\/instances$/ })
})

test('what is wrong with a registration is said at its fields, and sending it leads there', async ({ page, merak }) => {
  await shop(merak)
  await page.goto(PAY)
  await page.getByRole('button', { name: 'Register instance' }).click()
  const dialog = page.getByRole('dialog')
  const host = dialog.getByLabel('Host')
  const port = dialog.getByLabel('Port')
  const weight = dialog.getByLabel('Weight')
  await port.fill('99999')
  await weight.fill('x')
  await expect(port).toHaveAccessibleDescription('A whole number from 1 to 65535, not “99999”')
  await dialog.getByRole('button', { name: 'Register instance' }).click()
  await expect(host).toBeFocused()
  await expect(host).toHaveAccessibleDescription('This is needed')
  await expect(weight).toHaveAccessibleDescription('A whole number from 0 to 10000, not “x”')
  await host.fill('db.internal')
  await port.fill('5432')
  await weight.fill('7')
  await dialog.getByRole('button', { name: 'Register instance' }).click()
  await expect(page.getByText('db.internal:5432 was registered')).toBeVisible()
})
