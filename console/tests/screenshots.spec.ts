import { join } from 'node:path'
import { expect, test } from './fixtures'
import { rules, shop } from './merak'
import { limits } from './rule-data'
import { LANGUAGES, pagesOf, THEMES, WIDTHS } from './pages'

const FOLDER = join(import.meta.dirname, '../screenshots')

/** Pictures to look at: `screenshots/<page>-<width>-<theme>-<language>.png`. */
for (const theme of THEMES) {
  for (const language of LANGUAGES) {
    test(`every page, ${theme}, ${language}`, async ({ page, merak, faults }) => {
      await page.addInitScript(
        (preferences) => localStorage.setItem('merak.preferences', JSON.stringify(preferences)),
        { theme, language },
      )
      const picture = (name: string) => page.screenshot({ path: join(FOLDER, `${name}-${theme}-${language}.png`) })
      await page.goto('/')
      await expect(page.locator('.command').first()).toBeVisible()
      await picture('begin-1280')
      await shop(merak)
      await rules(merak)
      await limits(merak)
      await merak.system()
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 })
        for (const [name, path] of await pagesOf(merak)) {
          await page.goto(path)
          await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
          await expect(page.locator('.loading')).toHaveCount(0)
          if (name.startsWith('about')) await page.waitForTimeout(4_500)
          await picture(`${name}-${width}`)
        }
        await page.goto('/services')
        await page.locator('.live').waitFor()
        await page.keyboard.press('Control+k')
        await page.getByRole('dialog').getByRole('combobox').fill('order')
        await expect(page.locator('.palette-item').first()).toBeVisible()
        await picture(`palette-${width}`)
        await page.keyboard.press('Escape')
        await page.locator('.bar-top .button').first().click()
        await expect(page.getByRole('slider')).toBeVisible()
        await picture(`time-${width}`)
      }
      faults.splice(0)
    })
  }
}
