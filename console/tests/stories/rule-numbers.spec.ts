import type { Page } from '@playwright/test'
import { ago, clock, list, many, said, stand } from '../compare'
import { expect, test } from '../fixtures'
import { type Merak, pathOf, rulePath, rules, shop } from '../merak'
import { applications, limits } from '../rule-data'

interface Rule {
  name: string
  priority: number
  enabled: boolean
  revision: number
  modified_at: string
  callee: { service: string }
}

interface Client {
  address: string
  service: { name: string }
}

interface Status {
  applied_count: number
  subscriber_count: number
  unable_count: number
  lagging: { client: Client }[]
  unable: { client: Client; reason: string }[]
}

interface Warning {
  path: string
  message: string
}

type Collection = 'routing-rules' | 'nearby-rules' | 'rate-limit-rules'

const KINDS = { 'routing-rules': 'routing_rule', 'nearby-rules': 'nearby_rule', 'rate-limit-rules': 'rate_limit_rule' } as const

/** What badges say of who applies a rule. */
function applied({ applied_count: done, subscriber_count: all, unable_count: unable }: Status, collection: Collection): string[] {
  if (all === 0) return [collection === 'rate-limit-rules' ? 'nobody enforces it' : 'no callers']
  return [`applied by ${done} of ${all}`, ...(unable > 0 ? [`not understood by ${unable}`] : [])]
}

const byPlace = (one: Rule, other: Rule) => one.priority - other.priority || (one.name < other.name ? -1 : 1)

const mayMeet = (one: Rule, other: Rule) => [one.callee.service, other.callee.service].includes('*') || one.callee.service === other.callee.service

/** Compares what the page of a rule shows beside its fields. */
async function comparePage(page: Page, merak: Merak, collection: Collection, rule: Rule, all: Rule[], warnings: Warning[]) {
  const now = await stand(page)
  await page.goto(`/${collection}/default/${rule.name}`)
  const status = await merak.ask<Status>(`${rulePath(collection, 'default', rule.name)}/status`)
  await expect(page.locator('.page-head').getByText(/^revision/)).toHaveText(said(`revision ${rule.revision} · ${ago(rule.modified_at, now)}`))
  const progress = page.locator('section', { has: page.getByRole('heading', { name: 'Applied by', exact: true }) })
  for (const place of [page.locator('.page-head'), progress]) await expect(place.locator('.badge')).toHaveText(applied(status, collection))
  const nameOf = ({ client }: Status['lagging'][number]) => `${client.service.name} ${client.address}`
  await expect(page.getByRole('list', { name: 'Not yet applied by' }).getByRole('listitem')).toHaveText(status.lagging.map(nameOf))
  const unable = page.getByRole('region', { name: 'Go without it, because they cannot understand it' }).getByRole('listitem')
  await expect(unable).toHaveText(status.unable.map((one) => `${nameOf(one)} ${one.reason}`))
  const warned = page.getByRole('region', { name: many(warnings.length, 'warning'), exact: true })
  await expect(warned).toHaveCount(warnings.length > 0 ? 1 : 0)
  await expect(warned.locator('code')).toHaveText(warnings.map(({ path }) => path))
  for (const [index, { message }] of warnings.entries()) await expect(warned.getByRole('listitem').nth(index)).toContainText(message)
  const near = all.filter((one) => one.name === rule.name || (one.enabled && mayMeet(one, rule)))
  const neighbours = page.getByRole('list', { name: 'Order', exact: true }).getByRole('listitem')
  await expect(neighbours).toHaveText(near.toSorted(byPlace).map(({ name, priority }) => `${priority}${name}`))
}

/** Compares what a list of rules and the page of each show with what the API says. */
async function compare(page: Page, merak: Merak, collection: Collection) {
  const home = `/api/v1/namespaces/default/${collection}`
  const tried = (await list<Rule>(merak, home)).toSorted(byPlace)
  const warned = await list<{ name: string; warnings: Warning[] }>(merak, `/api/v1/warnings?kind=${KINDS[collection]}`)
  const warningsOf = (rule: Rule) => warned.find(({ name }) => name === rule.name)?.warnings ?? []
  await page.goto(`/${collection}?ns=default`)
  await expect(page.locator('.rule')).toHaveCount(tried.length)
  for (const [index, rule] of tried.entries()) {
    const row = page.locator('.rule').nth(index)
    await expect(row.locator('.rule-place')).toHaveText(String(index + 1))
    await expect(row.locator('.rule-name')).toHaveText(`${rule.name}priority ${rule.priority}`)
    await expect(row.getByRole('switch')).toBeChecked({ checked: rule.enabled })
    const warnings = warningsOf(rule).length
    const status = await merak.ask<Status>(`${home}/${rule.name}/status`)
    const badges = [...(warnings > 0 ? [many(warnings, 'warning')] : []), ...applied(status, collection)]
    await expect(row.locator('.rule-state .badge')).toHaveText(rule.enabled ? badges : ['Off'])
  }
  for (const rule of tried) await comparePage(page, merak, collection, rule, tried, warningsOf(rule))
}

test('every number and badge of rules is what the API says', async ({ page, merak }) => {
  test.slow()
  await shop(merak)
  await rules(merak)
  await limits(merak)
  await applications(merak)
  await compare(page, merak, 'routing-rules')
  await compare(page, merak, 'nearby-rules')
  await compare(page, merak, 'rate-limit-rules')
})

interface Instance {
  health: string
  isolated: boolean
  weight: number
  version: string
  metadata: Record<string, string>
}

interface Analysis {
  documents: { tests: { passed: boolean }[] }[]
}

test('how many instances each target fits, and how many tests pass, is what the API says', async ({ page, merak }) => {
  await shop(merak)
  await rules(merak)
  const instances = await list<Instance>(merak, `${pathOf('default', 'com.shop/order')}/instances`)
  const fit = (fits: (one: Instance) => boolean) => {
    const found = instances.filter(fits)
    const used = found.filter(({ health, isolated, weight }) => health === 'healthy' && !isolated && weight > 0).length
    return `${many(found.length, 'instance')} now${used === found.length ? '' : `, ${used} in use`}`
  }
  const ofVersion = (version: string) => fit((one) => one.version === version)
  await page.goto('/routing-rules/default/order-canary')
  await expect(page.locator('.target .badge')).toHaveText([ofVersion('v2.0.0'), ofVersion('v1.4.2'), ofVersion('v2.0.0')])
  await page.goto('/routing-rules/default/order-tenants')
  await expect(page.locator('.target .badge')).toHaveText([fit(({ metadata }) => metadata.env === 'gray')])

  const call = { to: { service: 'com.shop/order' } }
  const tests = [{ request: call, expect: { verdict: 'routed' } }, { request: call, expect: { verdict: 'rejected' } }, { request: call, expect: { verdict: 'no_instance' } }]
  const spec = { callee: { service: 'com.shop/order' }, branches: [{ targets: [{}] }], otherwise: 'reject', priority: 1, tests }
  const put = await fetch(`${merak.url}${rulePath('routing-rules', 'default', 'tested')}?skip_tests=true`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', 'if-none-match': '*' },
    body: JSON.stringify(spec),
  })
  expect(put.ok).toBe(true)
  const documents = [{ kind: 'RoutingRule', metadata: { namespace: 'default', name: 'tested' }, spec }]
  const { documents: [told] } = await merak.ask<Analysis>('/api/v1/analyze', 'POST', { documents })
  const passed = told?.tests.filter((one) => one.passed).length ?? 0
  expect([passed, told?.tests.length]).toEqual([1, 3])
  await page.goto('/routing-rules/default/tested')
  await expect(page.getByText(`${passed} of ${tests.length} pass`, { exact: true })).toBeVisible()
  await expect(page.locator('.test > .row > .badge')).toHaveText(told?.tests.map((one) => (one.passed ? 'passes' : 'fails')) ?? [])
})

interface Revision {
  revision: number
  at: string
  actor: string
  action: 'created' | 'updated' | 'deleted'
}

test('every revision of a rule is what the API says', async ({ page, merak }) => {
  await shop(merak)
  await rules(merak)
  const at = rulePath('routing-rules', 'default', 'pay-off')
  const { revision } = await merak.ask<Rule>(at)
  await fetch(merak.url + at, { method: 'DELETE', headers: { 'if-match': `"${revision}"` } })
  await merak.rule('routing-rules', 'default', 'pay-off', { callee: { service: 'com.shop/pay' }, branches: [{ targets: [{}] }], otherwise: 'fall_through' })
  const states = await list<Revision>(merak, `${at}/revisions`)
  expect(states.map(({ action }) => action)).toEqual(['created', 'deleted', 'updated', 'created'])
  await page.goto('/routing-rules/default/pay-off?tab=history')
  const rows = page.getByRole('list', { name: 'Revisions, newest first' }).getByRole('listitem')
  await expect(rows).toHaveCount(states.length)
  for (const [index, state] of states.entries()) {
    const row = rows.nth(index)
    const action = { created: 'Created', updated: 'Changed', deleted: 'Deleted' }[state.action]
    await expect(row.locator('.row').nth(0)).toHaveText(`${state.revision}${action}${index === 0 ? 'current' : ''}`)
    await expect(row.locator('.row').nth(1)).toHaveText(`${clock(state.at)}${state.actor}`)
  }
  const told = states.map(({ revision: number, action }) => `${number} · ${{ created: 'Created', updated: 'Changed', deleted: 'Deleted' }[action]}`)
  await expect(page.getByLabel('To').getByRole('option')).toHaveText(told)
  await expect(page.getByLabel('From').getByRole('option')).toHaveText(['nothing', ...told])
})
