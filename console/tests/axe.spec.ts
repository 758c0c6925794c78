import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from '@playwright/test'
import { expect, test } from './fixtures'
import { rules, shop } from './merak'
import { limits } from './rule-data'
import { LANGUAGES, pagesOf, THEMES, WIDTHS } from './pages'
import { expectMissing, expectTroubles, seeEmpty, seeOpened, seeRules, seeTroubles, settled } from './states'

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

for (const width of WIDTHS) {
  for (const theme of THEMES) {
    for (const language of LANGUAGES) {
      const name = `${width} px, ${theme}, ${language}`
      test(`axe finds nothing: ${name}`, async ({ page, merak, faults }) => {
        const { found, check } = await checker(page, { width, theme, language })
        await seeEmpty(page, check)
        await shop(merak)
        await rules(merak)
        await limits(merak)
        await merak.system()
        for (const [what, path] of await pagesOf(merak)) {
          await page.goto(path)
          await settled(page)
          await check(what)
        }
        await seeOpened(page, check)
        await expectMissing(faults)
        await seeTroubles(page, merak, check)
        expect(found).toEqual([])
        await expectTroubles(faults)
      })

      test(`axe finds nothing while rules are written: ${name}`, async ({ page, merak }) => {
        const { found, check } = await checker(page, { width, theme, language })
        await shop(merak)
        await rules(merak)
        await seeRules(page, merak, check)
        expect(found).toEqual([])
      })
    }
  }
}
