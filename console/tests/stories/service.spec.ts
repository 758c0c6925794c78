import { readFileSync } from 'node:fs'
import { expected } from '../faults'
import { expect, test } from '../fixtures'
import { pathOf, shop } from '../merak'

const ORDER = '/services/default/com.shop%2Forder'

interface Answer {
  isolated: boolean
  weight: number
}

test('an instance is isolated, and undo takes it back', async ({ page, merak }) => {
  await shop(merak)
  const path = `${pathOf('default', 'com.shop/order')}/instances/order-1`
  await page.goto(ORDER)
  await page.getByRole('button', { name: 'Isolate 10.0.14.1:8080' }).click()
  await expect(page.getByRole('button', { name: 'Restore 10.0.14.1:8080' })).toBeVisible()
  expect((await merak.ask<Answer>(path)).isolated).toBe(true)
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByRole('button', { name: 'Isolate 10.0.14.1:8080' })).toBeVisible()
  expect((await merak.ask<Answer>(path)).isolated).toBe(false)
})

test('a weight is changed in its place, refused when it is none, and undone', async ({ page, merak }) => {
  await shop(merak)
  const path = `${pathOf('default', 'com.shop/order')}/instances/order-1`
  await page.goto(ORDER)
  const weight = page.getByLabel('Weight of 10.0.14.1:8080')
  await weight.fill('250')
  await weight.press('Enter')
  await expect(page.getByText('10.0.14.1:8080: weight 100 → 250')).toBeVisible()
  expect((await merak.ask<Answer>(path)).weight).toBe(250)
  await weight.fill('10001')
  await expect(weight).toHaveAttribute('aria-invalid', 'true')
  await weight.press('Escape')
  await expect(weight).toHaveValue('250')
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(weight).toHaveValue('100')
  expect((await merak.ask<Answer>(path)).weight).toBe(100)
})

test('a weight that somebody else set since typing began is not overwritten', async ({ page, merak, faults }) => {
  await shop(merak)
  await page.goto(ORDER)
  const row = page.getByRole('row', { name: /10\.0\.14\.1:8080/ })
  const weight = row.getByRole('textbox')
  await expect(weight).toHaveValue('100')
  await weight.fill('50')
  await merak.patch('default', 'com.shop/order', 'order-1', { weight: 7, metadata: { seen: 'yes' } })
  // The page knows of it, and what is typed stays.
  await expect(row).toContainText('seen=yes')
  await expect(weight).toHaveValue('50')
  await weight.press('Enter')
  await expect(page.getByRole('alert')).toContainText('somebody set the weight to 7 meanwhile')
  await expect(weight).toHaveValue('7')
  await weight.press('Tab')
  const path = `${pathOf('default', 'com.shop/order')}/instances/order-1`
  expect((await merak.ask<Answer>(path)).weight).toBe(7)
  await weight.fill('50')
  await weight.press('Enter')
  await expect(page.getByText('10.0.14.1:8080: weight 7 → 50')).toBeVisible()
  await expected(faults, { status: 412, path: /\/instances\/order-1$/ })
})

test('a change of many counts first, then changes those that a search finds, and is undone', async ({ page, merak }) => {
  await shop(merak)
  await page.goto(`${ORDER}?q=version:v1*`)
  await expect(page.getByRole('table').getByRole('row')).toHaveCount(4)
  await page.getByRole('button', { name: 'Change all that match' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText('Instances that match version:v1*')
  await dialog.getByRole('button', { name: 'Count first' }).click()
  await expect(dialog.getByText('2 of 3 instances would change')).toBeVisible()
  const list = () => merak.ask<{ items: Answer[] }>(`${pathOf('default', 'com.shop/order')}/instances`)
  expect((await list()).items.filter(({ isolated }) => isolated)).toHaveLength(1)
  await dialog.getByRole('button', { name: 'Change 2 instances' }).click()
  await expect(page.getByText('2 instances changed')).toBeVisible()
  expect((await list()).items.filter(({ isolated }) => isolated)).toHaveLength(3)
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(async () => (await list()).items.filter(({ isolated }) => isolated).length).toBe(1)
})

test('a static instance is registered, marked, deregistered and brought back', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/services/default/legacy-billing')
  await expect(page.getByText('Start an application that registers itself')).toBeVisible()
  await page.getByRole('button', { name: 'Register instance' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Host').fill('db.internal')
  await dialog.getByLabel('Port').fill('5432')
  await dialog.getByLabel('Metadata').fill('role=primary')
  await dialog.getByRole('button', { name: 'Register instance' }).click()
  const row = page.getByRole('row', { name: /db.internal:5432/ })
  await expect(row).toContainText('role=primary')
  await page.getByRole('button', { name: 'More actions for db.internal:5432' }).click()
  await page.getByRole('menuitem', { name: 'Mark unhealthy' }).click()
  await expect(row).toContainText('Unhealthy')
  await page.getByRole('button', { name: 'More actions for db.internal:5432' }).click()
  await page.getByRole('menuitem', { name: 'Deregister' }).click()
  await expect(page.getByText('No instances', { exact: true }).first()).toBeVisible()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(row).toContainText('role=primary')
})

test('the metadata of an instance is edited, and undone', async ({ page, merak }) => {
  await shop(merak)
  await page.goto(ORDER)
  await page.getByRole('button', { name: 'More actions for 10.0.14.1:8080' }).click()
  await page.getByRole('menuitem', { name: 'Edit metadata' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByLabel('Metadata')).toHaveValue('env=prod')
  await dialog.getByLabel('Metadata').fill('canary')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog.getByLabel('Metadata')).toHaveAccessibleDescription('Line 1 is not key=value')
  await dialog.getByLabel('Metadata').fill('canary=yes')
  await dialog.getByRole('button', { name: 'Save' }).click()
  const row = page.getByRole('row', { name: /10\.0\.14\.1:8080/ })
  await expect(row).toContainText('canary=yes')
  await expect(row).not.toContainText('env=prod')
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(row).toContainText('env=prod')
  await expect(row).not.toContainText('canary=yes')
})

test('arrows move from row to row, and within an open menu', async ({ page, merak }) => {
  await shop(merak)
  await page.goto(ORDER)
  await page.getByRole('button', { name: 'Isolate 10.0.14.1:8080' }).focus()
  await page.keyboard.press('ArrowDown')
  await expect(page.getByRole('button', { name: 'Isolate 10.0.14.2:8080' })).toBeFocused()
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('menuitem', { name: 'Edit metadata' })).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await expect(page.getByRole('menuitem', { name: 'Mark unhealthy' })).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('button', { name: 'More actions for 10.0.14.1:8080' })).toBeFocused()
})

test('an application that runs shows its heartbeats and what it watches', async ({ page, merak }) => {
  await merak.system()
  await page.goto('/services/default/micro-pay')
  await expect(page.getByRole('table').getByRole('row').nth(1)).toContainText(/Healthy.*beat every \d+ s/)
  await page.getByRole('link', { name: 'Subscribers' }).click()
  const row = page.getByRole('row', { name: /micro-order/ })
  await expect(row).toContainText('Current')
  await expect(row).toContainText('merak-rust')
  await row.getByRole('link').click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('micro-order')
})

test('the timeline shows the health of each instance and the changes', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/services/default/com.shop%2Fuser/timeline?window=5')
  await expect(page.getByRole('img', { name: /10\.0\.13\.1:8080: .*Unhealthy.*Healthy/ })).toBeVisible()
  await expect(page.getByRole('button', { name: /com.shop\/user 10.0.13.1:8080 became healthy/ })).toBeVisible()
  await page.getByRole('button', { name: '24 h' }).click()
  await expect(page).toHaveURL(/window=1440/)
})

test('the timeline does not pretend to know what is older than the changes that it read', async ({ page, merak }) => {
  await shop(merak)
  const items = Array.from({ length: 500 }, (_, index) => ({ patch: { id: 'user-1', weight: 1 + (index % 2) } }))
  await merak.ask(`${pathOf('default', 'com.shop/user')}/instances:batch`, 'POST', { items })
  await page.goto('/services/default/com.shop%2Fuser/timeline')
  await expect(page.getByText('Drawn from the last 500 changes')).toBeVisible()
  await expect(page.getByRole('img', { name: /10\.0\.13\.1:8080: unknown \d+ min, Healthy/ })).toBeVisible()
})

test('the JSON is what the API says, with the command that asks, and the manifest what people said', async ({ page, merak }) => {
  await shop(merak)
  await page.goto(`${ORDER}/json`)
  const shown = await page.getByRole('region', { name: 'As the API says it' }).innerText()
  expect(JSON.parse(shown)).toEqual(await merak.ask(pathOf('default', 'com.shop/order')))
  await expect(page.getByText(`curl -s '${merak.url}${pathOf('default', 'com.shop/order')}'`)).toBeVisible()
  const manifest = await page.getByRole('region', { name: 'YAML manifest' }).innerText()
  expect(manifest).toMatch(/^kind: Service\nmetadata:\n  name: com.shop\/order\n  namespace: default\nspec:\n/)
  expect(manifest).not.toContain('revision')
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download' }).click()
  expect((await download).suggestedFilename()).toBe('com.shop_order.yaml')
  expect(readFileSync(await (await download).path(), 'utf8').trim()).toBe(manifest.trim())
})

test('the weight of many is set at once, and taken back', async ({ page, merak }) => {
  await shop(merak)
  const weights = async () => {
    const { items } = await merak.ask<{ items: Answer[] }>(`${pathOf('default', 'com.shop/order')}/instances`)
    return items.map(({ weight }) => weight)
  }
  expect(await weights()).toEqual([100, 100, 100, 20, 100, 100])
  await page.goto(`${ORDER}?q=version:v2*`)
  await page.getByRole('button', { name: 'Change all that match' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('What to do').selectOption('Set the weight')
  await dialog.getByLabel('Weight').fill('10001')
  await expect(dialog.getByLabel('Weight')).toHaveAccessibleDescription('0 to 10000; 0 gets no calls')
  await expect(dialog.getByRole('button', { name: 'Count first' })).toBeDisabled()
  await dialog.getByLabel('Weight').fill('20')
  await dialog.getByRole('button', { name: 'Count first' }).click()
  await expect(dialog.getByText('2 of 3 instances would change')).toBeVisible()
  await dialog.getByRole('button', { name: 'Change 2 instances' }).click()
  await expect(page.getByText('2 instances changed')).toBeVisible()
  expect(await weights()).toEqual([100, 20, 100, 20, 100, 20])
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(weights).toEqual([100, 100, 100, 20, 100, 100])
})
