import type { Page } from '@playwright/test'
import { expect, test } from '../fixtures'
import { type Merak, rulePath } from '../merak'

const PATH = rulePath('routing-rules', 'default', 'canary')
const SPEC = { callee: { service: 'pay' }, branches: [{ targets: [{}] }], otherwise: 'fall_through', priority: 10 }

const priority = async (merak: Merak) => (await merak.ask<{ priority: number }>(PATH)).priority

/** The text of a rule, open; and that text, half of it typed anew. */
async function half(page: Page, merak: Merak) {
  await merak.rule('routing-rules', 'default', 'canary', SPEC)
  await page.goto('/routing-rules/default/canary')
  await page.getByRole('button', { name: 'JSON', exact: true }).click()
  const document = page.getByLabel('Rule as JSON')
  const text = (await document.inputValue()).replace('"priority": 10', '"priority": ')
  await document.fill(text)
  await expect(page.getByText('It cannot be published like this')).toBeVisible()
  return { document, text }
}

test('text that cannot be read yet is kept when others publish, and comes together with theirs', async ({ page, merak }) => {
  const { document, text } = await half(page, merak)
  await merak.rule('routing-rules', 'default', 'canary', { ...SPEC, description: 'theirs' })
  const compare = page.getByRole('alert').getByRole('button', { name: 'Compare' })
  await expect(compare).toBeDisabled()
  await expect(compare).toHaveAttribute('title', /Mend the JSON first: /)
  await expect(document).toHaveValue(text)
  await document.fill(text.replace('"priority": ', '"priority": 14'))
  await compare.click()
  await page.getByRole('dialog').getByRole('button', { name: 'Take both' }).click()
  await expect(document).toHaveValue(/"priority": 14/)
  await expect(document).toHaveValue(/"description": "theirs"/)
})

test('text that cannot be read yet does not go for the form, and leaving it asks', async ({ page, merak }) => {
  const { document, text } = await half(page, merak)
  const form = page.getByRole('button', { name: 'Form', exact: true })
  await expect(form).toBeDisabled()
  await expect(form).toHaveAttribute('title', /Mend the JSON first: [^]*JSON/)
  await expect(page.getByRole('switch', { name: 'canary is applied' })).toBeDisabled()
  await page.getByRole('link', { name: 'Services', exact: true }).click()
  await page.getByRole('dialog', { name: 'Leave without publishing?' }).getByRole('button', { name: 'Stay' }).click()
  await page.getByRole('link', { name: 'History' }).click()
  await page.getByRole('link', { name: 'Rule', exact: true }).click()
  await expect(document).toHaveValue(text)
  await page.getByRole('button', { name: 'Discard' }).click()
  await expect(document).toHaveValue(/"priority": 10/)
  await expect(form).toBeEnabled()
  expect(await priority(merak)).toBe(10)
})
