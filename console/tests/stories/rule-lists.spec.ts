import { expect, test } from '../fixtures'
import { type Merak, rulePath } from '../merak'

/** Rules in more namespaces than a browser could ask one by one. */
async function many(merak: Merak, namespaces: number, each: number) {
  const spec = { callee: { service: 'pay' }, branches: [{ targets: [{}] }], otherwise: 'fall_through' }
  for (let namespace = 0; namespace < namespaces; namespace += 1) {
    const writes = Array.from({ length: each }, (_, rule) =>
      merak.rule('routing-rules', `ns-${namespace}`, `rule-${rule}`, { ...spec, priority: 9 * (namespace * each + rule) }),
    )
    // oxlint-disable-next-line no-await-in-loop -- a few at a time
    await Promise.all(writes)
  }
}

test('rules of many namespaces are listed in one order, page after page, and found by the server', async ({ page, merak }) => {
  test.slow()
  await many(merak, 60, 17)
  const asked: string[] = []
  page.on('request', (request) => request.url().includes('/api/v1/') && asked.push(request.url()))
  await page.goto('/routing-rules')
  const rows = page.getByRole('list', { name: 'Routing rules' }).locator('> li')
  await expect(rows).toHaveCount(50)
  await expect(rows.first()).toContainText('rule-0')
  await expect(page.getByText('50 rows, more follow')).toBeVisible()
  const lists = asked.filter((url) => url.includes('/routing-rules'))
  expect(lists.length, lists.join('\n')).toBeLessThanOrEqual(2)
  // None of them is asked about alone.
  expect(asked.filter((url) => url.includes('/status'))).toEqual([])
  await page.getByRole('button', { name: 'Show more' }).click()
  await expect(page.getByText('100 rows, more follow')).toBeVisible()
  await page.getByRole('combobox', { name: 'Search' }).fill('rule-16')
  await expect(rows).toHaveCount(50)
  await page.getByRole('button', { name: 'Show more' }).click()
  await expect(rows).toHaveCount(60)
  await expect(rows.last()).toContainText('ns-59')
  await expect(page.getByRole('button', { name: /^Move rule-16/ })).toHaveCount(0)
  await expect(page.getByText('to move rules, clear the search')).toBeVisible()
  await page.getByRole('combobox', { name: 'Namespace' }).selectOption('ns-7')
  await expect(rows).toHaveCount(1)
})

test('a thousand rules are read page after page, and those that were read are moved', async ({ page, merak }) => {
  test.slow()
  await many(merak, 10, 100)
  await page.goto('/routing-rules')
  const rows = page.getByRole('list', { name: 'Routing rules' }).locator('> li')
  await expect(rows).toHaveCount(50)
  for (let shown = 50; shown < 1_000; shown += 50) {
    // oxlint-disable-next-line no-await-in-loop -- page after page
    await expect(page.getByText(`${shown} rows, more follow`)).toBeVisible()
    // oxlint-disable-next-line no-await-in-loop -- as above
    await page.getByRole('button', { name: 'Show more' }).click()
  }
  await expect(page.getByText('1,000 rows', { exact: true })).toBeVisible()
  // The page has those that are in sight, and each says which of all it is.
  expect(await rows.count()).toBeLessThan(50)
  await page.keyboard.press('End')
  await expect(rows.last()).toHaveAttribute('aria-posinset', '1000')
  await expect(rows.last()).toHaveAttribute('aria-setsize', '1000')
  // The first page, so that every one behind it stays, whatever the rules that were moved say.
  await page.reload()
  await expect(rows).toHaveCount(50)
  await page.getByRole('button', { name: /^Move rule-0:/ }).focus()
  await page.keyboard.press('End')
  await page.getByRole('button', { name: 'Preview' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await expect(page.getByText(/rules? ha(s|ve) another priority/)).toBeVisible()
  const moved = await merak.ask<{ priority: number }>(rulePath('routing-rules', 'ns-0', 'rule-0'))
  expect(moved.priority).toBeLessThanOrEqual(9 * 49)
})

test('rules of all namespaces appear as they are written, and as they were', async ({ page, merak }) => {
  await many(merak, 2, 2)
  await page.goto('/routing-rules')
  const rows = page.getByRole('list', { name: 'Routing rules' }).locator('> li')
  await expect(rows).toHaveCount(4)
  const { items } = await merak.ask<{ items: { revision: number }[] }>('/api/v1/routing-rules')
  const revision = Math.max(...items.map((rule) => rule.revision))
  await many(merak, 3, 2)
  await expect(rows).toHaveCount(6)
  await page.goto(`/routing-rules?as_of=${revision}`)
  await expect(rows).toHaveCount(4)
})

test('a new order waits while one searches', async ({ page, merak }) => {
  await many(merak, 1, 3)
  await page.goto('/routing-rules')
  const rows = page.getByRole('list', { name: 'Routing rules' }).locator('> li')
  await page.getByRole('button', { name: /^Move rule-2/ }).focus()
  await page.keyboard.press('Home')
  await expect(rows.first()).toContainText('rule-2')
  await page.getByRole('combobox', { name: 'Search' }).fill('rule-1')
  await expect(rows).toHaveCount(1)
  await expect(page.getByRole('button', { name: 'Preview' })).toHaveCount(0)
  await page.getByRole('combobox', { name: 'Search' }).fill('')
  await expect(rows).toHaveCount(3)
  await expect(rows.first()).toContainText('rule-2')
  await expect(page.getByRole('button', { name: 'Preview' })).toBeEnabled()
})

test('a search that cannot be read shows its fault and nothing that would come', async ({ page, merak }) => {
  await many(merak, 1, 2)
  await page.goto('/routing-rules?q=nonsense:1')
  await expect(page.getByRole('search').getByRole('alert')).toContainText('nonsense')
  await expect(page.getByRole('status').filter({ hasText: 'Loading' })).toHaveCount(0)
  await expect(page.getByRole('list', { name: 'Routing rules' })).toHaveCount(0)
  await page.getByRole('combobox', { name: 'Search' }).fill('rule-1')
  await expect(page.getByRole('list', { name: 'Routing rules' }).locator('> li')).toHaveCount(1)
})
