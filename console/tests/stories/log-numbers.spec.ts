import type { Locator } from '@playwright/test'
import { type Change, clock, gravity, list, many, sentence, stand } from '../compare'
import { rules as en } from '../../src/i18n/en-rules'
import { expect, test } from '../fixtures'
import { type Merak, rules, shop } from '../merak'
import { limits } from '../rule-data'

interface Service {
  namespace: string
  name: string
  instance_count: number
  healthy_instance_count: number
  isolated_instance_count: number
}

interface Rule {
  namespace: string
  name: string
  enabled: boolean
  status: { applied_count: number; subscriber_count: number; unable_count: number }
}

interface Trends {
  samples: { at: string; service_count: number; instance_count: number; unhealthy_instance_count: number; isolated_instance_count: number }[]
}

/** Compares the line of a change in a list, which says where it was made if it shows changes of several places. */
async function compareChange(head: Locator, change: Change, hasPlace: boolean) {
  await expect(head.locator('.gravity')).toHaveClass(`gravity gravity-${gravity(change)}`)
  await expect(head.locator('time')).toHaveText(clock(change.at))
  await expect(head.locator('time')).toHaveAttribute('datetime', change.at)
  await expect(head.locator('.grow')).toHaveText(sentence(change))
  await expect(head.locator('.change-where')).toHaveText(hasPlace ? [change.namespace] : [])
  await expect(head.locator('.change-who')).toHaveText(change.actor)
  await expect(head.locator('.change-revision')).toHaveText(String(change.revision))
}

async function everything(merak: Merak) {
  await shop(merak)
  await rules(merak)
  await limits(merak)
}

test('every line of the log is what the API says', async ({ page, merak }) => {
  await everything(merak)
  const changes = await list<Change>(merak, '/api/v1/changes?page_size=500')
  expect(changes.length).toBeGreaterThan(30)
  expect(new Set(changes.map(gravity))).toEqual(new Set(['none', 'good', 'bad', 'warn']))
  // So high that all of them are drawn.
  await page.setViewportSize({ width: 1280, height: 200 + 34 * changes.length })
  await page.goto('/changes')
  const heads = page.locator('.change-head')
  await expect(heads).toHaveCount(changes.length)
  for (const [index, change] of changes.entries()) await compareChange(heads.nth(index), change, true)
})

test('every number of the overview is what the API says', async ({ page, merak }) => {
  await everything(merak)
  const services = await list<Service>(merak, '/api/v1/services')
  const sum = (of: (one: Service) => number) => services.reduce((total, one) => total + of(one), 0)
  const all = sum((one) => one.instance_count)
  const unhealthy = all - sum((one) => one.healthy_instance_count)
  const isolated = sum((one) => one.isolated_instance_count)
  const counts = { Services: services.length, Instances: all, Unhealthy: unhealthy, Isolated: isolated }
  await page.goto('/')
  for (const [label, count] of Object.entries(counts)) await expect(page.getByRole('link', { name: `${label} ${count}`, exact: true })).toBeVisible()
  const feed = page.locator('section', { has: page.getByRole('heading', { name: 'Latest changes' }) }).locator('.change-head')
  const changes = await list<Change>(merak, '/api/v1/changes?page_size=14')
  await expect(feed).toHaveCount(changes.length)
  for (const [index, change] of changes.entries()) await compareChange(feed.nth(index), change, false)
})

interface Warned {
  kind: string
  namespace: string
  name: string
  warnings: { code: string }[]
}

/** The first warning of a rule, in words, and how many more there are. */
function warningsOf({ warnings: [first, ...others] }: Warned): string {
  const words: Record<string, string> = en.warningCodes
  return `${words[first?.code ?? '']}${others.length > 0 ? `, and ${many(others.length, 'more warning')}` : ''}`
}

/** What the rules of a kind give reason to look at: one row for each, of its warnings and of who applies it. */
async function doubtfulRules(merak: Merak, kind: string): Promise<string[]> {
  const found = await list<Rule>(merak, `/api/v1/${kind.replaceAll('_', '-')}s?enabled=true`)
  const warned = await list<Warned>(merak, '/api/v1/warnings')
  const unreached = kind === 'rate_limit_rule' ? 'limit that no application enforces' : 'rule that no application has asked for'
  return found.flatMap(({ name, namespace, status }) => {
    const warnings = warned.find((one) => one.kind === kind && one.namespace === namespace && one.name === name)
    const said = `${warnings ? warningsOf(warnings) : ''}${status.applied_count === 0 ? unreached : ''}`
    return said ? [`${name}${namespace}${said}`] : []
  })
}

test('everything that needs attention is what the API says', async ({ page, merak }) => {
  await everything(merak)
  const services = await list<Service>(merak, '/api/v1/services')
  const rows = [
    ...services.flatMap(({ name, namespace, instance_count: all, healthy_instance_count: healthy }) =>
      healthy < all ? [`${name}${namespace}${all - healthy} of ${all} unhealthy`] : [],
    ),
    ...services.flatMap(({ name, namespace, isolated_instance_count: count }) => (count > 0 ? [`${name}${namespace}${many(count, 'instance')} isolated`] : [])),
    ...(await doubtfulRules(merak, 'routing_rule')),
    ...(await doubtfulRules(merak, 'nearby_rule')),
    ...(await doubtfulRules(merak, 'rate_limit_rule')),
  ]
  await page.goto('/')
  const attention = page.locator('section', { has: page.getByRole('heading', { name: 'Needs attention' }) }).getByRole('listitem')
  await expect(attention).toHaveCount(rows.length)
  // A bar that says the same again is for the eye alone.
  const shown = async () => {
    const texts = await attention.evaluateAll((items) =>
      items.map((item) => [...item.querySelectorAll('a, .attention-name > .muted, .grow')].map((part) => part.textContent).join('')),
    )
    return texts.toSorted()
  }
  await expect.poll(shown).toEqual(rows.toSorted())
})

test('the last hour of a tile is drawn as the API says it', async ({ page, merak }) => {
  await shop(merak)
  await stand(page, 0)
  const { samples } = await merak.ask<Trends>('/api/v1/trends')
  const newest = samples.at(-1)
  if (!newest) throw new Error('no sample')
  // It is up for seconds: so that there is an hour to draw, twice of everything was there before.
  const at = (minutes: number) => new Date(Date.parse(newest.at) - minutes * 60_000).toISOString()
  const before = Object.fromEntries(Object.entries(newest).map(([key, value]) => [key, typeof value === 'number' ? 2 * value : value]))
  await page.route('**/api/v1/trends*', (route) => route.fulfill({ json: { interval_seconds: 15, samples: [{ ...before, at: at(60) }, { ...newest, at: at(15) }, newest] } }))
  await page.goto('/')
  for (const label of ['Services', 'Instances', 'Unhealthy', 'Isolated']) {
    const line = page.getByRole('img', { name: `${label} over the last hour` })
    const height = Number(await line.getAttribute('height'))
    const places = (await line.locator('polyline').getAttribute('points'))?.split(' ') ?? []
    const shares = places.map((place) => (height - 1.5 - Number(place.split(',')[1])) / (height - 4))
    expect(shares, label).toHaveLength(121)
    // Three quarters of the hour at the most there was, and half as much since.
    expect(shares.slice(0, 90).every((share) => share === 1), label).toBe(true)
    for (const share of shares.slice(90)) expect(share, label).toBeCloseTo(0.5, 2)
  }
})
