import type { Locator, Page } from '@playwright/test'
import { list, many } from '../compare'
import { expect, test } from '../fixtures'
import { type Merak, rules, shop } from '../merak'
import { limits } from '../rule-data'

interface Rule {
  namespace: string
  name: string
  priority: number
  enabled: boolean
  callee: { namespace?: string; service: string }
  caller?: { namespace?: string; service?: string }
}

interface Warned {
  kind: string
  namespace: string
  name: string
  warnings: object[]
}

type Collection = 'routing-rules' | 'nearby-rules' | 'rate-limit-rules'

interface Group {
  title: string
  collection: Collection
  /** What the service is to the rules of the group. */
  roles: string[]
}

const GROUPS: Group[] = [
  { title: 'For calls to it', collection: 'routing-rules', roles: ['called', 'any service'] },
  { title: 'Which calls to it stay near', collection: 'nearby-rules', roles: ['called', 'any service'] },
  { title: 'How many calls it takes', collection: 'rate-limit-rules', roles: ['called', 'any service'] },
  { title: 'For calls that it makes', collection: 'routing-rules', roles: ['caller'] },
]

/** What a service of the namespace `default` is to a rule of it. */
function rolesOf({ callee, caller }: Rule, service: string): string[] {
  return [
    ...(callee.service === service ? ['called'] : []),
    ...(callee.service === '*' ? ['any service'] : []),
    ...(caller?.service === service ? ['caller'] : []),
  ]
}

async function compareRow(row: Locator, rule: Rule, badges: string[]) {
  await expect(row.locator('.rule-name')).toHaveText(`${rule.name}priority ${rule.priority}`)
  await expect(row.getByRole('switch')).toBeChecked({ checked: rule.enabled })
  await expect(row.locator('.rule-state .badge')).toHaveText(badges)
}

/** Compares the rules of one service; answers every badge that there is. */
async function compareService(page: Page, merak: Merak, service: string): Promise<string[]> {
  const warned = await list<Warned>(merak, '/api/v1/warnings')
  const seen: string[] = []
  await page.goto(`/services/default/${encodeURIComponent(service)}/rules`)
  await expect(page.getByRole('heading', { name: 'For calls to it' })).toBeVisible()
  for (const { title, collection, roles } of GROUPS) {
    const all = await list<Rule>(merak, `/api/v1/namespaces/default/${collection}`)
    const tried = all.toSorted((one, other) => one.priority - other.priority || (one.name < other.name ? -1 : 1))
    // One that calls itself is among those for calls to it.
    const about = tried.filter((rule) => roles.includes(rolesOf(rule, service)[0] ?? ''))
    const rows = page.getByRole('list', { name: title, exact: true }).locator('> li')
    await expect(rows).toHaveCount(about.length)
    const applied = about.find(({ enabled }) => enabled)
    for (const [index, rule] of about.entries()) {
      const state = collection !== 'nearby-rules' || !rule.enabled ? [] : [rule === applied ? 'applies' : 'an earlier one applies']
      const kind = collection.replace('-rules', '_rule').replace('rate-limit', 'rate_limit')
      const warnings = warned.find((one) => one.kind === kind && one.name === rule.name)?.warnings.length ?? 0
      const told = rule.enabled && warnings > 0 ? [many(warnings, 'warning')] : []
      const badges = [...rolesOf(rule, service), ...(rule.enabled ? [] : ['Off']), ...state, ...told]
      await expect(rows.nth(index).locator('.rule-place')).toHaveText(String(index + 1))
      await compareRow(rows.nth(index), rule, badges)
      seen.push(...badges)
    }
  }
  return seen
}

test('every place, role, state and warning of the rules of a service is what the API says', async ({ page, merak }) => {
  await shop(merak)
  await rules(merak)
  await limits(merak)
  const loop = { callee: { service: 'com.shop/user' }, caller: { service: 'com.shop/user' } }
  await merak.rule('routing-rules', 'default', 'to-itself', { ...loop, branches: [{ targets: [{}] }], otherwise: 'fall_through' })
  const seen: string[] = []
  for (const service of ['com.shop/order', 'com.shop/pay', 'com.shop/user']) seen.push(...(await compareService(page, merak, service)))
  expect(new Set(seen)).toEqual(new Set(['called', 'any service', 'caller', 'Off', 'applies', 'an earlier one applies', '1 warning']))
})
