import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from '@playwright/test'
import { expect, test } from './fixtures'
import { type Merak, rules, shop } from './merak'
import { limits } from './rule-data'
import { LANGUAGES, pagesOf, THEMES, WIDTHS } from './pages'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What axe finds wrong with the page as it is. */
async function violations(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE)
  const results = await page.evaluate(async (tags) => {
    const { axe } = globalThis as unknown as { axe: { run: (on: Document, options: object) => Promise<AxeResults> } }
    return axe.run(document, { runOnly: tags, resultTypes: ['violations'] })
  }, TAGS)
  return results.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`))
}

async function settled(page: Page) {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect(page.locator('.loading')).toHaveCount(0)
}

/** Opens a page of a width, theme and language, and collects what is wrong with what it shows. */
async function checker(page: Page, { width, ...preferences }: { width: number; theme: string; language: string }) {
  await page.setViewportSize({ width, height: 800 })
  await page.addInitScript((chosen) => localStorage.setItem('merak.preferences', JSON.stringify(chosen)), preferences)
  const found: string[] = []
  const check = async (what: string) => {
    for (const one of await violations(page)) found.push(`${what}: ${one}`)
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    if (overflow > 0) found.push(`${what}: ${overflow} px wider than the window`)
  }
  return { found, check }
}

/** The states of the pages of rules that no address leads to. */
async function checkRules(page: Page, merak: Merak, check: (what: string) => Promise<void>) {
  await page.goto('/routing-rules')
  await page.locator('.handle').first().focus()
  await page.keyboard.press('End')
  await check('rules moved')
  await page.locator('.editor-foot .button-primary').click()
  await check('rules reordered')
  await page.keyboard.press('Escape')
  await page.goto('/routing-rules/default/order-canary')
  await page.locator('[data-at="/description"]').fill('other')
  await page.locator('[data-at="/priority"]').fill('99999')
  await expect(page.locator('.field-fault')).toBeVisible()
  await check('rule refused')
  await page.locator('[data-at="/priority"]').fill('11')
  await page.locator('.segments button').nth(1).click()
  await check('rule as JSON')
  await page.locator('.editor-foot .button-primary:enabled').click()
  await expect(page.getByRole('dialog')).toBeVisible()
  await check('rule compared')
  await page.keyboard.press('Escape')
  await merak.rule('routing-rules', 'default', 'order-canary', {
    description: 'meanwhile',
    callee: { service: 'com.shop/order' },
    branches: [{ targets: [{}] }],
    otherwise: 'reject',
  })
  await page.locator('.banner-warn .button').click()
  await check('rule in conflict')
  await page.keyboard.press('Escape')
  await page.locator('.nav a').first().click()
  await expect(page.getByRole('dialog')).toBeVisible()
  await check('rule left')
  await page.getByRole('dialog').locator('.button-danger').click()
}

for (const width of WIDTHS) {
  for (const theme of THEMES) {
    for (const language of LANGUAGES) {
      const name = `${width} px, ${theme}, ${language}`
      test(`axe finds nothing: ${name}`, async ({ page, merak, faults }) => {
        const { found, check } = await checker(page, { width, theme, language })
        for (const path of ['/', '/services', '/routing-rules', '/nearby-rules', '/rate-limit-rules', '/simulator', '/simulator/rate-limits', '/changes', '/namespaces']) {
          await page.goto(path)
          await settled(page)
          await check(`empty ${path}`)
        }
        await shop(merak)
        await rules(merak)
        await limits(merak)
        await merak.system()
        for (const [what, path] of await pagesOf(merak)) {
          await page.goto(path)
          await settled(page)
          await check(what)
        }
        await page.goto('/services/default/com.shop%2Forder')
        await settled(page)
        await page.keyboard.press('Control+k')
        await expect(page.locator('.palette-item').first()).toBeVisible()
        await check('palette')
        await page.keyboard.press('Escape')
        await page.locator('.table .menu button').first().click()
        await check('menu')
        await page.keyboard.press('Escape')
        await page.locator('.tools > .button').first().click()
        await check('bulk')
        await page.keyboard.press('Escape')
        await page.locator('.tools > .button').nth(1).click()
        await check('register')
        await page.keyboard.press('Escape')
        await page.locator('.bar-top .button').first().click()
        await check('time')
        await page.keyboard.press('Escape')
        await page.locator('.table .row-end > .button').first().click()
        await expect(page.locator('.toast')).toBeVisible()
        await check('toast')
        await page.locator('.search input').focus()
        await check('suggestions')
        await merak.kill()
        await expect(page.locator('.banner-bad')).toBeVisible()
        await check('away')
        await merak.serve()
        await page.route('**/api/v1/**', (route) => route.abort())
        for (const path of ['/services', '/routing-rules', '/nearby-rules', '/routing-rules/default/order-canary']) {
          await page.goto(path)
          await expect(page.getByRole('alert')).toBeVisible({ timeout: 20_000 })
          await check(`error ${path}`)
        }
        expect(found).toEqual([])
        faults.splice(0)
      })

      test(`axe finds nothing while rules are written: ${name}`, async ({ page, merak, faults }) => {
        const { found, check } = await checker(page, { width, theme, language })
        await shop(merak)
        await rules(merak)
        await checkRules(page, merak, check)
        expect(found).toEqual([])
        // What was refused and what others were faster with.
        expect(faults.splice(0).filter((fault) => !/400|412/.test(fault))).toEqual([])
      })
    }
  }
}
