import { list, rowsOf, said, still } from '../compare'
import { expect, test } from '../fixtures'
import { shop } from '../merak'
import { limits } from '../rule-data'

interface Client {
  client: { address: string; host: string; service?: { namespace: string; name: string } }
  used: number
  held: number
  demand: number
  refused: number
}

interface Usage {
  counter_count: number
  counters: {
    callee: { namespace: string; name: string }
    values: string[]
    amounts: { used: number; limit: number; window_ms: number }[]
    admitted: number
    refused: number
    client_count: number
    clients: Client[]
  }[]
}

const USAGE = '/api/v1/namespaces/default/rate-limit-rules/all-together/usage'
const WINDOWS: Record<number, string> = { 1_000: '1 s', 60_000: '1 min', 3_600_000: '1 h' }

test('every number of what is made of a limit is what the API says', async ({ page, merak }) => {
  await limits(merak)
  const order = await merak.system()
  await expect(async () => {
    await order()
    expect((await merak.ask<Usage>(USAGE)).counters[0]?.client_count).toBeGreaterThan(0)
  }).toPass()
  const { counter_count: count, counters } = await still<Usage>(page, merak, USAGE)
  expect(counters.some(({ clients }) => clients.length > 0)).toBe(true)
  await page.goto('/rate-limit-rules/default/all-together?tab=usage')
  await expect(page.locator('.counter')).toHaveCount(count)
  await expect(page.getByText(`${count === 1 ? 'One counter.' : `${count} counters.`} As instances tell it, at least once a second.`)).toBeVisible()
  for (const [index, { callee, values, amounts, admitted, refused, clients }] of counters.entries()) {
    const counter = page.locator('.counter').nth(index)
    await expect(counter.getByRole('heading')).toHaveText(values.join(' · ') || 'All calls')
    await expect(counter.getByRole('link', { name: `${callee.namespace} / ${callee.name}`, exact: true })).toBeVisible()
    await expect(counter.getByRole('meter')).toHaveCount(amounts.length)
    for (const [at, { used, limit, window_ms: window }] of amounts.entries()) {
      const meter = counter.getByRole('meter').nth(at)
      await expect(meter).toHaveAttribute('aria-valuetext', said(`${used} of ${limit} used`))
      await expect(counter.locator('.meter-said').nth(at)).toHaveText(said(`${used} of ${limit} used in this ${WINDOWS[window]}`))
    }
    await expect(counter.locator('.counter-facts dd')).toHaveText([said(admitted), said(refused)])
    await expect(rowsOf(page).filter({ hasText: /:/ })).toHaveCount(clients.length)
    for (const { client, ...told } of clients) {
      const cells = counter.getByRole('row', { name: client.address }).getByRole('cell')
      const service = client.service ? `${client.service.namespace} / ${client.service.name}` : 'Unnamed client'
      await expect(cells.nth(0)).toHaveText(`${client.host || client.address} ${service}`)
      await expect(cells.nth(1)).toHaveText(client.address)
      const numbers = [told.used, told.held, told.demand, told.refused]
      for (const [at, number] of numbers.entries()) await expect(cells.nth(at + 2)).toHaveText(said(number))
    }
  }
})

test('large numbers of a limit, and what is left out, are what the API says', async ({ page, merak }) => {
  await limits(merak)
  const one = { used: 12_345, held: 1_000, demand: 2_500, refused: 7_001 }
  const client = { address: '10.0.0.9:51442', host: '', sdk: 'merak-rust', sdk_version: '0.1.0', labels: {} }
  const counter = { callee: { namespace: 'default', name: 'micro-pay' }, values: [], amounts: [{ used: 12_345, limit: 50_000, window_ms: 3_600_000 }] }
  // No system of a test makes so many calls, or has so many instances.
  const answer = { counter_count: 1_234, counters: [{ ...counter, admitted: 12_345, refused: 7_001, client_count: 1_101, clients: [{ ...one, client }] }] }
  await page.route(`**${USAGE}`, (route) => route.fulfill({ json: answer }))
  await page.goto('/rate-limit-rules/default/all-together?tab=usage')
  await expect(page.locator('.counter').getByRole('meter')).toHaveAttribute('aria-valuetext', said('12345 of 50000 used'))
  await expect(page.locator('.counter-facts dd')).toHaveText([said(12_345), said(7_001)])
  const cells = page.getByRole('row', { name: client.address }).getByRole('cell')
  await expect(cells).toHaveText([`${client.address} Unnamed client`, client.address, ...Object.values(one).map(said)])
  await expect(page.getByText(said('The 1 counters with the most calls, of 1234. As instances tell it, at least once a second.'))).toBeVisible()
  await expect(page.getByText(said('1100 more with fewer calls'))).toBeVisible()
})

interface Slice {
  from_ms: number
  admitted: number
  queued: number
  rejected: number
}

interface Answer {
  verdict: 'admitted' | 'queued' | 'rejected'
  wait_ms?: number
  sequence: { calls: number; over_ms: number; admitted: number; queued: number; rejected: number; timeline: Slice[] }
  rejection?: { status: number; headers: Record<string, string>; body: string }
  rules: {
    rule: { namespace: string; name: string }
    enabled: boolean
    matches: boolean
    rejected: number
    counter_key?: string
    amounts: { max: number; left: number; window_ms: number }[]
  }[]
}

test('every number of what becomes of calls is what the API says', async ({ page, merak }) => {
  await shop(merak)
  await limits(merak)
  const off = { name: 'asleep', enabled: false, callee: { service: 'com.shop/pay' }, amounts: [{ max: 3, window_ms: 1_000 }] }
  await merak.ask('/api/v1/namespaces/default/rate-limit-rules', 'POST', off)
  const asked = page.waitForRequest((request) => request.url().includes('/simulate/rate-limit'))
  await page.goto('/simulator/rate-limits?to=default/com.shop/pay&method=/pay&headers=x-user%3D42&calls=1500&over_ms=3000')
  const told = await merak.ask<Answer>('/api/v1/simulate/rate-limit', 'POST', (await asked).postDataJSON())
  expect([told.verdict, told.rules.length, told.sequence.timeline.length > 1]).toEqual(['rejected', (await list(merak, '/api/v1/rate-limit-rules')).length - 1, true])
  const { calls, over_ms: over, admitted, queued, rejected, timeline } = told.sequence
  const summary = said(`Of ${calls} calls in ${over} ms: ${admitted} go through at once, ${queued} wait, ${rejected} are rejected.`)
  const status = page.getByRole('status').filter({ hasText: 'Of ' })
  await expect(status.locator('.num').first()).toHaveText(summary)
  await expect(page.getByRole('img', { name: /^Of / })).toHaveAccessibleName(summary)
  await page.getByText('As text', { exact: true }).click()
  const slices = timeline.map((one) => said(`from ${one.from_ms} ms: ${one.admitted} at once, ${one.queued} after a wait, ${one.rejected} rejected`))
  await expect(page.getByRole('region', { name: 'When' }).getByRole('listitem')).toHaveText(slices)
  const rejection = page.getByRole('region', { name: 'What the caller of the last call is told' })
  await expect(rejection).toContainText(String(told.rejection?.status))
  for (const [name, value] of Object.entries(told.rejection?.headers ?? {})) await expect(rejection).toContainText(`${name}: ${value}`)
  const rows = page.getByRole('list', { name: 'Rate limits, in order' }).locator('> li')
  await expect(rows).toHaveCount(told.rules.length)
  for (const [index, { rule, enabled, matches, rejected: refused, counter_key: key, amounts }] of told.rules.entries()) {
    const row = rows.nth(index)
    await expect(row.getByRole('link')).toHaveText(rule.name)
    const counted = refused > 0 ? `rejects ${refused}` : 'lets it through'
    await expect(row.locator('.badge')).toHaveText(said(enabled ? (matches ? counted : 'does not count it') : 'not enabled'))
    if (key && enabled && matches) await expect(row.getByText(key, { exact: true }).first()).toBeVisible()
    const left = amounts.map((one) => new RegExp(`^${said(`${one.left} left of ${one.max} in ${WINDOWS[one.window_ms]}`).source.slice(1, -1)};`))
    await expect(row.locator('p.num')).toHaveText(left)
  }
})
