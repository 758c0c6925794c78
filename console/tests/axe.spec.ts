import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from '@playwright/test'
import { expect, test } from './fixtures'
import { canary, shop } from './merak'
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

for (const width of WIDTHS) {
  for (const theme of THEMES) {
    for (const language of LANGUAGES) {
      const name = `${width} px, ${theme}, ${language}`
      test(`axe finds nothing: ${name}`, async ({ page, merak, faults }) => {
        await page.setViewportSize({ width, height: 800 })
        await page.addInitScript(
          (preferences) => localStorage.setItem('merak.preferences', JSON.stringify(preferences)),
          { theme, language },
        )
        const found: string[] = []
        const check = async (what: string) => {
          for (const one of await violations(page)) found.push(`${what}: ${one}`)
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
          if (overflow > 0) found.push(`${what}: ${overflow} px wider than the window`)
        }
        for (const path of ['/', '/services', '/simulator', '/changes', '/namespaces']) {
          await page.goto(path)
          await settled(page)
          await check(`empty ${path}`)
        }
        await shop(merak)
        await canary(merak)
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
        await page.goto('/services')
        await expect(page.getByRole('alert')).toBeVisible({ timeout: 20_000 })
        await check('error')
        expect(found).toEqual([])
        faults.splice(0)
      })
    }
  }
}
