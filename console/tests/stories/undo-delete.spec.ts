import { expect, test } from '../fixtures'
import { pathOf, shop } from '../merak'

const METADATA = { 'a=b': 'eq key', cert: 'line1\nline2=x', sp: ' lead ' }

test('a deleted service and a deleted namespace come back as they were', async ({ page, merak }) => {
  await shop(merak)
  const said = { owners: 'ann', department: 'd', business: 'b', comment: 'c', ports: [1], protect_threshold: 0.5, export_to: ['*'], metadata: METADATA }
  await merak.service('default', 'legacy-billing', said)
  await page.goto('/services/default/legacy-billing')
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByText('legacy-billing was deleted')).toBeVisible()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByText('legacy-billing is back')).toBeVisible()
  await expect(page.getByRole('link', { name: 'legacy-billing' })).toBeVisible()
  expect(await merak.ask(pathOf('default', 'legacy-billing'))).toMatchObject(said)

  await merak.ask('/api/v1/namespaces/spare', 'PUT', { comment: 'spare', metadata: METADATA })
  await page.goto('/namespaces')
  await page.getByRole('button', { name: 'More actions for spare' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByText('spare is back')).toBeVisible()
  expect(await merak.ask('/api/v1/namespaces/spare')).toMatchObject({ comment: 'spare', metadata: METADATA })
})
