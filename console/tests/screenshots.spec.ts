import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { test } from './fixtures'
import { rules, shop } from './merak'
import { LANGUAGES, pagesOf, THEMES, WIDTHS } from './pages'
import { limits } from './rule-data'
import { expectMissing, expectTroubles, seeEmpty, seeOpened, seeRules, seeTroubles, settled } from './states'

const FOLDER = join(import.meta.dirname, '../screenshots')

/** Makes the window as high as the page, as a list draws only what is in sight. */
async function wholePage(page: Page) {
  const { width, height } = await page.evaluate(() => ({ width: innerWidth, height: document.documentElement.scrollHeight }))
  await page.setViewportSize({ width, height: Math.min(height, 4_000) })
}

/** Pictures to look at: `screenshots/<page>-<width>-<theme>-<language>.png`. */
for (const width of WIDTHS) {
  for (const theme of THEMES) {
    for (const language of LANGUAGES) {
      test(`every page, ${width} px, ${theme}, ${language}`, async ({ page, merak, faults }) => {
        await page.setViewportSize({ width, height: 800 })
        await page.addInitScript(
          (preferences) => localStorage.setItem('merak.preferences', JSON.stringify(preferences)),
          { theme, language },
        )
        const path = (name: string) => join(FOLDER, `${name}-${width}-${theme}-${language}.png`)
        const picture = async (name: string) => void (await page.screenshot({ path: path(name) }))
        await seeEmpty(page, picture)
        await shop(merak)
        await rules(merak)
        await limits(merak)
        await merak.system()
        for (const [name, address] of await pagesOf(merak)) {
          await page.goto(address)
          await settled(page)
          // Its charts begin with two readings.
          if (name.startsWith('about')) for (let reading = 0; reading < 2; reading += 1) await page.waitForResponse('**/metrics')
          await wholePage(page)
          await picture(name)
          await page.setViewportSize({ width, height: 800 })
        }
        await seeOpened(page, picture)
        await seeRules(page, merak, picture)
        await seeTroubles(page, merak, picture)
        await expectMissing(faults)
        await expectTroubles(faults)
      })
    }
  }
}
