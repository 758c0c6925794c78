import { Application } from '../application'
import { ago, entries, list, rowsOf, said, stand } from '../compare'
import { expect, test } from '../fixtures'
import { pathOf, shop } from '../merak'
import { HELLO } from '../rule-data'

interface Client {
  address: string
  sdk: string
  sdk_version: string
  labels: Record<string, string>
  service: { namespace: string; name: string }
}

interface Subscriber {
  applied_revision: number
  sent_revision: number
  is_current: boolean
  subscribed_at: string
  client: Client
}

test('every number and badge of subscribers is what the API says', async ({ page, merak }) => {
  await shop(merak)
  const at = `${pathOf('default', 'com.shop/order')}/subscribers`
  const [current] = [HELLO, { ...HELLO, host: 'behind' }].map((hello) => new Application(merak, hello, [{ kind: 'instances', service: 'com.shop/order' }]))
  const subscribers = () => list<Subscriber>(merak, at)
  await expect.poll(async () => (await subscribers()).filter((one) => one.sent_revision > 0)).toHaveLength(2)
  current?.acknowledge(0, (await subscribers())[0]?.sent_revision ?? 0)
  await expect.poll(async () => (await subscribers()).filter((one) => one.is_current)).toHaveLength(1)
  const items = await subscribers()
  const now = await stand(page, 3_700_000)
  await page.goto('/services/default/com.shop%2Forder/subscribers')
  await expect(page.getByText('1 of 2 has the newest state', { exact: true })).toBeVisible()
  const rows = rowsOf(page)
  await expect(rows).toHaveCount(items.length + 1)
  for (const [index, { client, subscribed_at: since, ...one }] of items.entries()) {
    const cells = rows.nth(index + 1).getByRole('cell')
    await expect(cells.nth(0)).toHaveText(`${client.service.namespace} / ${client.service.name}`)
    await expect(cells.nth(1)).toHaveText(one.is_current ? 'Current' : 'Behind')
    await expect(cells.nth(2)).toHaveText(said(one.applied_revision))
    await expect(cells.nth(3)).toHaveText(client.address)
    await expect(cells.nth(4)).toHaveText(`${client.sdk} ${client.sdk_version}`)
    await expect(cells.nth(5).locator('.chip')).toHaveText(entries(client.labels))
    await expect(cells.nth(6)).toHaveText(ago(since, now))
  }
})
