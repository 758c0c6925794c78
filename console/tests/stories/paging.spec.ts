import type { Page } from '@playwright/test'
import { Application } from '../application'
import { list, rowsOf } from '../compare'
import { expect, test } from '../fixtures'
import { fill } from '../load'
import { pathOf } from '../merak'
import { HELLO } from '../rule-data'

/** Goes through two pages of a table and back, by what the first column says on each. */
async function turn(page: Page, first: number, second: number, total?: number): Promise<void> {
  const [begins, ends] = total === undefined ? [`${first} rows, more follow`, `${second} rows`] : [`${first} of ${total} rows`, `${second} of ${total} rows`]
  const names = () => rowsOf(page).locator('td:first-child').allTextContents()
  await expect(page.getByText(begins, { exact: true })).toBeVisible()
  await expect(page.getByRole('button', { name: 'First page' })).toHaveCount(0)
  const begin = (await names())[0]
  await page.getByRole('button', { name: 'Next page' }).click()
  await expect(page.getByText(ends, { exact: true })).toBeVisible()
  await expect(page).toHaveURL(/page=/)
  await expect(page.getByRole('button', { name: 'Next page' })).toHaveCount(0)
  await expect(rowsOf(page)).toHaveCount(second + 1)
  await page.reload()
  await expect(rowsOf(page)).toHaveCount(second + 1)
  await page.getByRole('button', { name: 'Previous page' }).click()
  await expect(page).not.toHaveURL(/page=/)
  await expect(page.getByRole('button', { name: 'Previous page' })).toHaveCount(0)
  await expect(page.getByText(begins, { exact: true })).toBeVisible()
  await page.getByRole('button', { name: 'Next page' }).click()
  await expect(page.getByText(ends, { exact: true })).toBeVisible()
  await page.getByRole('button', { name: 'First page' }).click()
  await expect(page.getByText(begins, { exact: true })).toBeVisible()
  await expect(page).not.toHaveURL(/page=/)
  expect((await names())[0]).toBe(begin)
}

test('instances are read page after page, and one gets back to the first', async ({ page, merak }) => {
  await fill(merak, 'many', 203)
  await page.goto('/services/default/many')
  await expect(page.getByText('10.1.0.0:80', { exact: true })).toBeVisible()
  await turn(page, 200, 3, 203)
})

test('instances are sorted by their addresses, and the table says so', async ({ page, merak }) => {
  for (const [number, id] of [[10, 'b'], [9, 'd'], [2, 'a'], [1, 'c']] as const) await merak.instance('default', 'pay', id, { host: `10.0.0.${number}`, port: 80 })
  await page.goto('/services/default/pay')
  const addresses = () => rowsOf(page).locator('td:first-child').allTextContents()
  await expect.poll(addresses).toEqual(['10.0.0.1:80', '10.0.0.2:80', '10.0.0.9:80', '10.0.0.10:80'])
  const head = page.getByRole('columnheader', { name: 'Endpoint' })
  await expect(head).toHaveAttribute('aria-sort', 'ascending')
  await head.getByRole('button').click()
  await expect(head).toHaveAttribute('aria-sort', 'descending')
  await page.mouse.move(0, 0)
  await expect.poll(addresses).toEqual(['10.0.0.10:80', '10.0.0.9:80', '10.0.0.2:80', '10.0.0.1:80'])
})

test('namespaces are read page after page, and found by a search', async ({ page, merak }) => {
  for (let number = 0; number < 102; number += 1) await merak.ask(`/api/v1/namespaces/team-${number}`, 'PUT', { comment: `team ${number}` })
  const all = await list<{ name: string }>(merak, '/api/v1/namespaces?page_size=500')
  await page.goto('/namespaces')
  await turn(page, 100, all.length - 100)
  await page.getByRole('combobox', { name: 'Search' }).fill('team-10')
  await expect(page).toHaveURL(/q=team-10/)
  await expect(rowsOf(page).locator('td:first-child')).toHaveText(all.flatMap(({ name }) => (name.includes('team-10') ? [name] : [])))
  await page.getByRole('combobox', { name: 'Search' }).fill('nothing-like-it')
  await page.getByRole('button', { name: 'Clear the search' }).click()
  await expect(page.getByText('100 rows, more follow', { exact: true })).toBeVisible()
})

test('subscribers are read page after page, and one gets back to the first', async ({ page, merak }) => {
  await merak.instance('default', 'pay', 'pay-1', { host: '10.0.0.1', port: 80 })
  for (let number = 0; number < 202; number += 1) {
    // oxlint-disable-next-line no-new -- it goes on by itself
    new Application(merak, { ...HELLO, host: `host-${number}` }, [{ kind: 'instances', service: 'pay' }])
  }
  const path = `${pathOf('default', 'pay')}/subscribers?page_size=500`
  await expect.poll(async () => (await list(merak, path)).length).toBe(202)
  await page.goto('/services/default/pay/subscribers')
  await turn(page, 200, 2)
})
