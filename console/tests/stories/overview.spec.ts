import { expected } from '../faults'
import { expect, test } from '../fixtures'
import { rules, shop } from '../merak'

const quiet = { host: '10.0.0.1', port: 80 }

test('the overview is not calm before it knows of the rules', async ({ page, merak, faults }) => {
  await merak.instance('default', 'pay', 'pay-1', quiet)
  await page.route('**/api/v1/warnings*', (route) => route.fulfill({ status: 500, json: { code: 'internal', detail: 'no warnings today' } }))
  await page.goto('/')
  await expect(page.getByRole('alert')).toContainText('could not be read')
  await expect(page.getByText('All is well')).toBeHidden()
  await page.unroute('**/api/v1/warnings*')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByText('All is well')).toBeVisible()
  await expected(faults, { status: 500, path: /\/(warnings|routing-rules)$/ })
})

test('the overview shows what it knows beside what it could not read', async ({ page, merak, faults }) => {
  await shop(merak)
  await page.route('**/api/v1/routing-rules*', (route) => route.fulfill({ status: 500, json: { code: 'internal', detail: 'no rules today' } }))
  await page.goto('/')
  await expect(page.getByRole('alert')).toContainText('could not be read')
  await expect(page.getByText('1 of 4 unhealthy')).toBeVisible()
  await expected(faults, { status: 500, path: /\/(warnings|routing-rules)$/ })
})

test('totals, the picker and the palette know more namespaces than a page of the API holds', async ({ page, merak }) => {
  const names = Array.from({ length: 502 }, (_, number) => `n-${String(number).padStart(3, '0')}`)
  for (let at = 0; at < names.length; at += 50) {
    await Promise.all(names.slice(at, at + 50).map((name) => merak.service(name, 'pay')))
  }
  await page.goto('/')
  await expect(page.getByRole('link', { name: 'Services 502' })).toBeVisible()
  await page.getByRole('combobox', { name: 'Namespace' }).selectOption('n-501')
  await expect(page.getByRole('link', { name: 'Services 1', exact: true })).toBeVisible()
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog').getByRole('combobox').fill('n-500')
  await expect(page.getByRole('dialog').getByRole('option', { name: /n-500/ })).toBeVisible()
})

test('a namespace that is none is told apart from a control plane that is empty', async ({ page, merak }) => {
  await page.goto('/?ns=typo')
  await expect(page.getByText('Nothing is registered yet')).toBeVisible()
  await shop(merak)
  await rules(merak)
  await page.goto('/?ns=typo')
  await expect(page.getByText('There is no namespace “typo”')).toBeVisible()
  await expect(page.getByText('Nothing is registered yet')).toBeHidden()
  await page.getByRole('link', { name: 'Look at all namespaces' }).click()
  await expect(page.getByRole('heading', { name: 'Needs attention' })).toBeVisible()
  await merak.ask('/api/v1/namespaces/bare', 'PUT', {})
  await page.goto('/?ns=bare')
  await expect(page.getByRole('link', { name: 'Services 0', exact: true })).toBeVisible()
})
