import type { Page } from '@playwright/test'
import { AWAY, expected } from '../faults'
import { expect, test } from '../fixtures'
import { type Merak, rulePath, rules, shop } from '../merak'

interface RuleBody {
  priority: number
  revision: number
  description: string
}

const at = (name: string) => rulePath('routing-rules', 'default', name)
const read = <T = RuleBody>(merak: Merak, name: string) => merak.ask<T>(at(name))

/** What somebody else writes meanwhile. */
async function meanwhile(merak: Merak, change: object) {
  const { namespace: _, name: __, revision: ___, created_revision: ____, created_at: _____, modified_at: ______, ...spec } = await read<
    Record<string, unknown>
  >(merak, 'order-canary')
  await merak.rule('routing-rules', 'default', 'order-canary', { ...spec, ...change })
}

async function edit(page: Page, merak: Merak) {
  await shop(merak)
  await rules(merak)
  await page.goto('/routing-rules/default/order-canary')
  await expect(page.getByLabel('Description')).toHaveValue('v2 for some, and a canary for the rest')
}

test('a change is compared, published and taken back', async ({ page, merak }) => {
  await edit(page, merak)
  await expect(page.getByRole('button', { name: 'Review changes' })).toBeDisabled()
  await page.getByLabel('Description').fill('canary for everybody')
  await page.getByRole('button', { name: 'Move branch 2 up' }).click()
  await expect(page.getByText('Branch 2 is now branch 1')).toBeAttached()
  await page.getByRole('button', { name: 'Review changes' }).click()
  const dialog = page.getByRole('dialog', { name: 'Publish order-canary' })
  await expect(dialog.getByRole('row', { name: /canary for everybody/ })).toContainText('v2 for some, and a canary for the rest')
  await dialog.getByRole('button', { name: 'Publish' }).click()
  await expect(page.getByText('order-canary was published')).toBeVisible()
  await expect(page.getByText('No changes')).toBeVisible()
  const written = await read<{ description: string; branches: { name: string }[] }>(merak, 'order-canary')
  expect(written.description).toBe('canary for everybody')
  expect(written.branches.map(({ name }) => name)).toEqual(['canary', 'vip'])
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByLabel('Description')).toHaveValue('v2 for some, and a canary for the rest')
})

test('what is published before the pause in typing ends is asked about once', async ({ page, merak }) => {
  await edit(page, merak)
  await page.clock.install()
  await page.clock.pauseAt(Date.now() + 60_000)
  const questions: string[] = []
  page.on('request', (request) => request.url().endsWith('/api/v1/analyze') && questions.push(request.url()))
  await page.route(`**${at('order-canary')}`, async (route) => {
    if (route.request().method() !== 'PUT') return route.fallback()
    const response = await route.fetch()
    await page.clock.runFor(1_000)
    return route.fulfill({ response })
  })
  await page.getByLabel('Description').fill('quickly')
  await page.getByRole('button', { name: 'Review changes' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await expect(page.getByText('order-canary was published')).toBeVisible()
  await expect(page.getByText('No changes')).toBeVisible()
  expect(questions).toHaveLength(1)
})

test('leaving with unpublished changes asks', async ({ page, merak }) => {
  await edit(page, merak)
  await page.getByLabel('Description').fill('half a thought')
  await page.getByRole('link', { name: 'Services', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Leave without publishing?' })
  await dialog.getByRole('button', { name: 'Stay' }).click()
  await expect(page.getByLabel('Description')).toHaveValue('half a thought')
  await page.getByRole('link', { name: 'History' }).click()
  await page.getByRole('link', { name: 'Rule', exact: true }).click()
  await expect(page.getByLabel('Description')).toHaveValue('half a thought')
  await page.getByRole('link', { name: 'Services', exact: true }).click()
  await dialog.getByRole('button', { name: 'Leave' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Services')
})

test('a lost connection keeps what was typed', async ({ page, merak, faults }) => {
  await edit(page, merak)
  await merak.kill()
  await page.getByLabel('Description').fill('typed in the dark')
  await expect(page.getByText('The control plane does not answer. What you typed is kept.')).toBeVisible()
  await merak.serve()
  await expect(page.getByText('Checked: it can be published')).toBeVisible({ timeout: 15_000 })
  await expect(page.getByLabel('Description')).toHaveValue('typed in the dark')
  await page.getByRole('button', { name: 'Review changes' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await expect(page.getByText('order-canary was published')).toBeVisible()
  expect((await read(merak, 'order-canary')).description).toBe('typed in the dark')
  await expected(faults, AWAY)
})

test('what others publish appears while nothing is typed', async ({ page, merak }) => {
  await edit(page, merak)
  await meanwhile(merak, { description: 'by somebody else' })
  await expect(page.getByLabel('Description')).toHaveValue('by somebody else')
})

test('two changes of a rule are brought together', async ({ page, merak }) => {
  await edit(page, merak)
  await page.getByLabel('Description').fill('mine')
  await meanwhile(merak, { description: 'theirs', priority: 12 })
  await page.getByRole('alert').getByRole('button', { name: 'Compare' }).click()
  const dialog = page.getByRole('dialog', { name: 'Two changes of order-canary' })
  const clash = dialog.getByRole('group', { name: '/description' })
  await expect(clash).toContainText('"theirs"')
  await expect(clash).toContainText('"mine"')
  // Nobody's text is left out without being chosen against.
  const both = dialog.getByRole('button', { name: 'Take both' })
  await expect(both).toBeDisabled()
  await expect(dialog.getByRole('status')).toHaveText('To take both, choose for 1 part')
  await clash.getByRole('radio', { name: /Yours/ }).check()
  await dialog.getByRole('button', { name: 'Both', exact: true }).click()
  await expect(dialog.getByRole('region', { name: 'Difference' })).toContainText('"priority": 12')
  await both.click()
  await expect(page.getByLabel('Priority')).toHaveValue('12')
  await expect(page.getByLabel('Description')).toHaveValue('mine')
  await page.getByRole('button', { name: 'Review changes' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await expect(page.getByText('order-canary was published')).toBeVisible()
  expect(await read(merak, 'order-canary')).toMatchObject({ description: 'mine', priority: 12 })
})

test('somebody who is faster than the publish button is not written over', async ({ page, merak, faults }) => {
  await edit(page, merak)
  await page.getByLabel('Priority').fill('13')
  await page.getByRole('button', { name: 'Review changes' }).click()
  const dialog = page.getByRole('dialog', { name: 'Publish order-canary' })
  await expect(dialog).toBeVisible()
  await meanwhile(merak, { description: 'theirs' })
  await dialog.getByRole('button', { name: 'Publish' }).click()
  const conflict = page.getByRole('dialog', { name: 'Two changes of order-canary' })
  await expect(conflict).toContainText('You changed different parts')
  await conflict.getByRole('button', { name: 'Take theirs' }).click()
  await expect(page.getByLabel('Description')).toHaveValue('theirs')
  await expect(page.getByLabel('Priority')).toHaveValue('10')
  await expect(page.getByText('No changes')).toBeVisible()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByLabel('Priority')).toHaveValue('13')
  await expect(page.getByRole('button', { name: 'Compare' })).toBeVisible()
  await expected(faults, { status: 412, path: /\/routing-rules\/order-canary$/ })
})

test('any two revisions are compared, and one goes back to one', async ({ page, merak }) => {
  await edit(page, merak)
  const first = await read(merak, 'order-canary')
  await meanwhile(merak, { description: 'second', priority: 11 })
  await meanwhile(merak, { description: 'third' })
  await page.getByRole('link', { name: 'History' }).click()
  const states = page.getByRole('list', { name: 'Revisions, newest first' }).getByRole('listitem')
  await expect(states).toHaveCount(3)
  const difference = page.getByRole('region', { name: 'Difference' })
  await expect(difference.getByRole('row', { name: /third/ })).toContainText('second')
  await page.getByLabel('From').selectOption(String(first.revision))
  await expect(difference).toContainText('"priority": 11')
  await expect(page).toHaveURL(/tab=history/)
  await page.reload()
  await expect(difference).toContainText('"priority": 11')
  await page.getByRole('button', { name: `Go back to it: revision ${first.revision}` }).click()
  const dialog = page.getByRole('dialog', { name: `Go back to revision ${first.revision}` })
  await dialog.getByRole('button', { name: 'Go back to it' }).click()
  await expect(page.getByText(`order-canary says again what it said at revision ${first.revision}`)).toBeVisible()
  await expect(states).toHaveCount(4)
  expect(await read(merak, 'order-canary')).toMatchObject({ description: first.description, priority: 10 })
})

test('a rule is deleted, and comes back from the toast or from its history', async ({ page, merak, faults }) => {
  await edit(page, merak)
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Routing rules')
  await expect(page.getByRole('listitem', { name: 'order-canary', exact: true })).toHaveCount(0)
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByText('order-canary is back')).toBeVisible()
  const { revision } = await read(merak, 'order-canary')
  const response = await fetch(merak.url + at('order-canary'), { method: 'DELETE', headers: { 'if-match': `"${revision}"` } })
  expect(response.ok).toBe(true)
  await page.goto('/routing-rules/default/order-canary')
  await expect(page.getByRole('alert')).toContainText('This does not exist')
  await page.getByRole('button', { name: `Go back to it: revision ${revision}` }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Go back to it' }).click()
  await expect(page.getByText(`order-canary says again what it said at revision ${revision}`)).toBeVisible()
  await expect(page.getByRole('switch', { name: 'order-canary is applied' })).toBeChecked()
  await expected(faults, { status: 404, path: /\/routing-rules\/order-canary(\/status)?$/ })
})

test('the rule is a document too, and both ways of writing it are one', async ({ page, merak }) => {
  await edit(page, merak)
  await page.getByLabel('Description').fill('from the form')
  await page.getByRole('button', { name: 'JSON', exact: true }).click()
  const document = page.getByLabel('Rule as JSON')
  const text = await document.inputValue()
  expect(text).toContain('"from the form"')
  await document.fill(text.replace('"from the form"', '"from the document"'))
  await page.getByRole('button', { name: 'Form', exact: true }).click()
  await expect(page.getByLabel('Description')).toHaveValue('from the document')
  await page.getByRole('button', { name: 'JSON', exact: true }).click()
  await document.fill('{"callee": 1')
  await expect(document).toHaveAttribute('aria-invalid', 'true')
  await document.fill('{"callee": 1}')
  await expect(page.getByRole('button', { name: 'Form', exact: true })).toBeDisabled()
  await page.getByRole('button', { name: 'Discard' }).click()
  await expect(document).toHaveValue(/v2 for some/)
})

test('a rule is duplicated', async ({ page, merak }) => {
  await edit(page, merak)
  await page.getByRole('link', { name: 'Duplicate' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('New routing rule')
  await expect(page.getByLabel('Description')).toHaveValue('v2 for some, and a canary for the rest')
  await page.getByLabel('Name', { exact: true }).fill('second-canary')
  await page.getByRole('button', { name: 'Review changes' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('second-canary')
  // Not to an empty form.
  await page.goBack()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('order-canary')
})

test('rules of the past are read only', async ({ page, merak }) => {
  await edit(page, merak)
  const { revision } = await read(merak, 'order-canary')
  await meanwhile(merak, { description: 'later' })
  await page.goto(`/routing-rules/default/order-canary?as_of=${revision}`)
  await expect(page.getByLabel('Description')).toHaveValue('v2 for some, and a canary for the rest')
  await expect(page.getByLabel('Description')).toBeDisabled()
  await expect(page.getByRole('button', { name: /Review|Delete|Discard/ })).toHaveCount(0)
  await page.getByRole('link', { name: 'History' }).click()
  await expect(page.getByRole('list', { name: 'Revisions' }).getByRole('listitem')).toHaveCount(1)
  await expect(page.getByRole('list', { name: 'Revisions' })).not.toContainText('current')
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Routing' }).click()
  await expect(page).toHaveURL(/as_of=/)
  await expect(page.locator('.rule')).toHaveCount(1)
  await expect(page.getByRole('button', { name: /Move/ })).toHaveCount(0)
  await expect(page.getByRole('switch')).toBeDisabled()
})

test('how many obey a rule is what the API says', async ({ page, merak }) => {
  await merak.system()
  await merak.rule('routing-rules', 'default', 'pays', {
    callee: { service: 'micro-pay' },
    branches: [{ targets: [{}] }],
    otherwise: 'fall_through',
  })
  await page.goto('/routing-rules/default/pays')
  const status = () => merak.ask<{ applied_count: number; subscriber_count: number }>(`${at('pays')}/status`)
  await expect.poll(async () => (await status()).applied_count).toBeGreaterThan(0)
  const { applied_count: applied, subscriber_count: all } = await status()
  await expect(page.getByText(`applied by ${applied} of ${all}`).first()).toBeVisible()
})
