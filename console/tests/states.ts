import type { Page } from '@playwright/test'
import { AWAY, expected, type Fault } from './faults'
import { expect } from './fixtures'
import type { Merak } from './merak'

/** What is done with what the page shows, such as taking a picture; `what` names it. */
export type See = (what: string) => Promise<void>

const EMPTY = ['/', '/services', '/routing-rules', '/nearby-rules', '/rate-limit-rules', '/simulator', '/simulator/rate-limits', '/changes', '/namespaces']

const nameOf = (path: string) => path.replaceAll(/%2F|\//g, '-')

/** Takes out what is told of pages of what does not exist. */
export async function expectMissing(faults: Fault[]) {
  await expected(faults, { status: 404, path: /\/(simulate\/route$|(services|(routing|rate-limit)-rules)\/(nothing|nobody)(\/|$))/ })
}

/** Takes out what is told of `seeTroubles`. */
export async function expectTroubles(faults: Fault[]) {
  await expected(faults, AWAY)
}

/** Waits until the page shows what it has to show. */
export async function settled(page: Page) {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect(page.locator('.loading')).toHaveCount(0)
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0)
}

/** The pages of a control plane that knows nothing. */
export async function seeEmpty(page: Page, see: See) {
  for (const path of EMPTY) {
    await page.goto(path)
    await settled(page)
    await see(`empty${nameOf(path)}`)
  }
}

/** What opens over the pages of the shop. */
export async function seeOpened(page: Page, see: See) {
  await page.goto('/services/default/com.shop%2Forder')
  await settled(page)
  await page.keyboard.press('Control+k')
  await expect(page.locator('.palette-item').first()).toBeVisible()
  await page.getByRole('dialog').getByRole('combobox').fill('order')
  await expect(page.locator('.palette-item').filter({ hasText: 'com.shop/order' }).first()).toBeVisible()
  await see('palette')
  await page.keyboard.press('Escape')
  await page.locator('.table .menu button').first().click()
  await see('menu')
  await page.keyboard.press('Escape')
  await page.locator('.tools > .button').first().click()
  await see('bulk')
  await page.keyboard.press('Escape')
  await page.locator('.tools > .button').nth(1).click()
  await see('register')
  await page.keyboard.press('Escape')
  await page.locator('.bar-top .button').first().click()
  await expect(page.getByRole('slider')).toBeVisible()
  await see('time')
  await page.keyboard.press('Escape')
  await page.locator('.table .row-end > .button').first().click()
  await expect(page.locator('.toast')).toBeVisible()
  await see('toast')
  await page.locator('.search input').focus()
  await see('suggestions')
  await page.locator('.search input').fill('zone:a')
  await page.locator('.search input').blur()
  await see('search-refused')
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog')).toBeVisible()
  await see('keys')
  await page.keyboard.press('Escape')
}

/** The page while the control plane does not answer, and when it comes back but answers no question. */
export async function seeTroubles(page: Page, merak: Merak, see: See) {
  await page.goto('/services')
  await settled(page)
  await merak.kill()
  await expect(page.locator('.banner-bad')).toBeVisible()
  await see('away')
  await merak.serve()
  await page.route('**/api/v1/**', (route) => route.abort())
  for (const path of ['/', '/services', '/changes', '/routing-rules/default/order-canary']) {
    await page.goto(path)
    await expect(page.getByRole('alert').first()).toBeVisible({ timeout: 20_000 })
    await see(`error${nameOf(path)}`)
  }
  await page.unroute('**/api/v1/**')
}

/** The states of the pages of rules that no address leads to. */
export async function seeRules(page: Page, merak: Merak, see: See) {
  await page.goto('/routing-rules')
  await page.locator('.handle').first().focus()
  await page.keyboard.press('End')
  await see('rules-moved')
  await page.locator('.editor-foot .button-primary').click()
  await see('rules-reordered')
  await page.keyboard.press('Escape')
  await page.goto('/routing-rules/default/order-canary')
  await page.locator('[data-at="/description"]').fill('other')
  await page.locator('[data-at="/priority"]').fill('99999')
  await expect(page.locator('.field-fault')).toBeVisible()
  await see('rule-refused')
  await page.locator('[data-at="/priority"]').fill('11')
  await page.locator('.segments button').nth(1).click()
  await see('rule-json')
  await page.locator('.editor-foot .button-primary:enabled').click()
  await expect(page.getByRole('dialog')).toBeVisible()
  await see('rule-compared')
  await page.keyboard.press('Escape')
  await merak.rule('routing-rules', 'default', 'order-canary', {
    description: 'meanwhile',
    callee: { service: 'com.shop/order' },
    branches: [{ targets: [{}] }],
    otherwise: 'reject',
  })
  await expect(page.locator('.banner-warn .button')).toBeVisible()
  await see('rule-overtaken')
  await page.locator('.banner-warn .button').click()
  await see('rule-conflict')
  await page.keyboard.press('Escape')
  await page.locator('.nav a').first().click()
  await expect(page.getByRole('dialog')).toBeVisible()
  await see('rule-left')
  await page.getByRole('dialog').locator('.button-danger').click()
  await seeTests(page, merak, see)
}

/** The tests of a rule, and what is asked when it fails them. */
async function seeTests(page: Page, merak: Merak, see: See) {
  const call = { to: { service: 'com.shop/pay' }, headers: { 'x-user': '42' } }
  await merak.rule('routing-rules', 'default', 'tested', {
    priority: 99,
    callee: { service: 'com.shop/pay' },
    branches: [{ name: 'all', targets: [{}] }],
    otherwise: 'fall_through',
    tests: [
      { description: 'it decides', request: call, expect: { decided_by: 'default/tested[0]' } },
      { request: call, expect: { verdict: 'routed' } },
    ],
  })
  await page.goto('/routing-rules/default/tested')
  await expect(page.locator('.test .badge-healthy')).toHaveCount(2)
  await page.locator('.test button').first().click()
  await see('rule-tests')
  await page.locator('.test-form > .stack-tight select').first().selectOption('rejected')
  await expect(page.locator('.editor .failing-tests')).toBeVisible()
  await page.locator('.test summary').first().click()
  await see('rule-tests-failing')
  await page.locator('.editor-foot .button-primary').click()
  await expect(page.getByRole('dialog').locator('.failing-tests')).toBeVisible()
  await see('rule-publish-anyway')
  await page.keyboard.press('Escape')
}
