import type { Locator, Page } from '@playwright/test'
import { expect, test } from '../fixtures'
import { type Effort, effortOf, fill, flood } from '../load'
import { type Merak, pathOf } from '../merak'

const MOST_ROWS = 140

/** Prints what a page did, as what it is like depends on the machine. */
function tell(what: string, { seconds, framesPerSecond, longTasks, requests, mostRows }: Effort, changes = 0) {
  const longest = Math.round(Math.max(0, ...longTasks))
  const rates = `${Math.round(framesPerSecond)} frames/s, ${(requests / seconds).toFixed(1)} requests/s, ${Math.round(changes / seconds)} changes/s`
  process.stdout.write(`${what}: ${longTasks.length} long tasks, longest ${longest} ms, ${rates}, at most ${mostRows} rows\n`)
}

/** Types a search as a person would, until the page shows what it finds. */
async function search(page: Page, text: string, address: RegExp) {
  const field = page.getByRole('combobox', { name: 'Search' })
  await field.fill('')
  await expect(page).not.toHaveURL(/q=/)
  await field.pressSequentially(text, { delay: 20 })
  await expect(page).toHaveURL(address)
  await expect(page.getByText(/^\d+ rows?/)).toBeVisible()
}

/** Does something until nothing kept the page from answering: a block that is the page's own is there in each round. */
async function fluidly(page: Page, what: string, act: () => Promise<void>) {
  const rounds: number[][] = []
  while (rounds.length < 8 && rounds.at(-1)?.length !== 0) {
    const effort = await effortOf(page, act)
    tell(what, effort)
    rounds.push(effort.longTasks)
  }
  expect(rounds.at(-1), `${what}: ${JSON.stringify(rounds)}`).toEqual([])
}

const searchFluidly = (page: Page, what: string, text: string, address: RegExp) => fluidly(page, what, () => search(page, text, address))

test('a service of ten thousand instances stays fluid', async ({ page, merak }) => {
  test.setTimeout(90_000)
  await fill(merak, 'big', 10_000)
  await page.goto('/services/default/big')
  await expect(page.getByText('200 of 10,000 rows')).toBeVisible()
  await expect(page.getByText('10000/10000')).toBeVisible()
  expect(await page.getByRole('row').count()).toBeLessThan(MOST_ROWS)
  await searchFluidly(page, 'typing among 10,000 instances', 'version:v2 ip:10.1.3*', /ip:10\.1\.3\*$/)
  await page.getByRole('button', { name: 'Change all that match' }).click()
  await page.getByRole('button', { name: 'Count first' }).click()
  await expect(page.getByText(/\d+ of \d+ instances would change/)).toBeVisible()
})

test('ten thousand services come a page at a time, and stay fluid', async ({ page, merak }) => {
  test.setTimeout(90_000)
  const names = Array.from({ length: 10_000 }, (_, number) => `service-${String(number).padStart(5, '0')}`)
  for (let at = 0; at < names.length; at += 200) {
    await Promise.all(names.slice(at, at + 200).map((name) => merak.service('default', name)))
  }
  await page.goto('/')
  await expect(page.getByRole('link', { name: 'Services 10,000' })).toBeVisible()
  await page.goto('/services')
  await expect(page.getByText('100 of 10,000 rows')).toBeVisible()
  expect(await page.getByRole('row').count()).toBeLessThan(MOST_ROWS)
  await searchFluidly(page, 'typing among 10,000 services', 'service-012', /service-012$/)
  await page.getByRole('combobox', { name: 'Search' }).fill('')
  await page.getByRole('button', { name: 'Next page' }).click()
  await expect(page.getByRole('link', { name: 'service-00100' })).toBeVisible()
  await page.reload()
  await expect(page.getByRole('link', { name: 'service-00100' })).toBeVisible()
  await page.getByRole('combobox', { name: 'Search' }).fill('09999')
  await expect(page.getByRole('link', { name: 'service-09999' })).toBeVisible()
})

/** A rule as people write them: for a caller, with conditions and shares. */
const ruleOf = (number: number) => ({
  priority: 10 * number,
  caller: { service: `caller-${number % 7}` },
  callee: { service: `callee-${number % 50}` },
  branches: [
    {
      name: 'some',
      matches: { all: [{ on: 'header', key: 'x-user', op: 'in', values: ['42', '43'] }, { on: 'path', op: 'regex', value: '/a/.*' }] },
      targets: [{ labels: { version: 'v2' } }],
    },
    { name: 'rest', targets: [{ labels: { version: 'v1' }, weight: 70 }, { labels: { version: 'v2' }, weight: 30 }] },
  ],
  otherwise: 'fall_through',
})

/** Rules of the namespace `default`, `rule-000` and so on. */
async function manyRules(merak: Merak, count: number) {
  for (let at = 0; at < count; at += 100) {
    const numbers = Array.from({ length: 100 }, (_, index) => at + index)
    await Promise.all(numbers.map((number) => merak.rule('routing-rules', 'default', `rule-${String(number).padStart(3, '0')}`, ruleOf(number))))
  }
}

/** Drags a rule by its handle a few rows down. */
async function drag(page: Page, name: string, by: number) {
  const box = await page.getByRole('button', { name: `Move ${name}` }).boundingBox()
  if (!box) throw new Error(`${name} is not in sight`)
  await page.mouse.move(box.x + 5, box.y + 5)
  await page.mouse.down()
  await page.mouse.move(box.x + 5, box.y + by, { steps: 10 })
  await page.mouse.up()
}

test('a thousand routing rules stay fluid', async ({ page, merak }) => {
  test.setTimeout(180_000)
  await manyRules(merak, 1_000)
  await page.goto('/routing-rules')
  const rows = page.getByRole('list', { name: 'Routing rules' }).locator('> li')
  for (let shown = 50; shown < 1_000; shown += 50) {
    await expect(page.getByText(`${shown} rows, more follow`)).toBeVisible()
    await page.getByRole('button', { name: 'Show more' }).click()
  }
  await expect(page.getByText('1,000 rows', { exact: true })).toBeVisible()
  expect(await rows.count()).toBeLessThan(MOST_ROWS)
  await searchFluidly(page, 'typing among 1,000 rules', 'callee:callee-7 rule-1', /rule-1$/)
  await page.getByRole('combobox', { name: 'Search' }).fill('')
  await expect(page.getByText('1,000 rows', { exact: true })).toBeVisible()
  await fluidly(page, 'scrolling 1,000 rules', async () => {
    for (let step = 0; step < 12; step += 1) {
      await page.mouse.wheel(0, step < 6 ? 240 : -240)
      await page.evaluate(() => new Promise(requestAnimationFrame))
    }
  })
  await page.evaluate(() => scrollTo(0, 0))
  await fluidly(page, 'moving a rule among 1,000 by keyboard', async () => {
    await page.getByRole('button', { name: 'Move rule-000' }).focus()
    await page.keyboard.press('ArrowDown')
    await expect(page.getByText('rule-000 is now number 2 of 1000. Not published yet.')).toBeAttached()
    await page.keyboard.press('End')
    await expect(page.getByText('rule-000 is now number 1000 of 1000. Not published yet.')).toBeAttached()
    await expect(page.getByRole('button', { name: 'Move rule-000' })).toBeFocused()
    await expect(rows.last()).toHaveAttribute('aria-posinset', '1000')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Home')
    await expect(page.getByRole('button', { name: 'Move rule-000' })).toBeFocused()
  })
  await page.evaluate(() => scrollTo(0, 0))
  await fluidly(page, 'dragging a rule among 1,000', async () => {
    await drag(page, 'rule-002', 300)
    await expect(page.getByText(/^rule-002 is now number [67] of 1000/)).toBeAttached()
    await page.getByRole('button', { name: 'Discard' }).click()
  })
})

/** The names of the rows that were under the pointer meanwhile. */
async function pointedWhile(page: Page, row: Locator, act: () => Promise<void>): Promise<string[]> {
  await row.hover()
  const box = await row.boundingBox()
  if (!box) throw new Error('the row is not in sight')
  await page.evaluate(({ x, y, width, height }) => {
    const names = new Set<string>()
    const state = Object.assign(globalThis, { pointed: { names, isOver: false } }).pointed
    const frame = () => {
      const under = document.elementFromPoint(x + width / 2, y + height / 2)?.closest('tr, li')
      names.add(under?.querySelector('.mono, .change-revision')?.textContent ?? 'nothing')
      if (!state.isOver) requestAnimationFrame(frame)
    }
    frame()
  }, box)
  await act()
  return page.evaluate(() => {
    const { pointed } = globalThis as unknown as { pointed: { names: Set<string>; isOver: boolean } }
    pointed.isOver = true
    return [...pointed.names]
  })
}

const revision = async (merak: Merak) => (await merak.ask<{ revision: number }>('/api/v1/about')).revision

/** What a page does while the next two thousand changes happen. */
async function effortUnderChanges(page: Page, merak: Merak, what: string): Promise<Effort> {
  const before = await revision(merak)
  const effort = await effortOf(page, () => expect.poll(() => revision(merak), { timeout: 20_000 }).toBeGreaterThan(before + 2_000))
  tell(what, effort, (await revision(merak)) - before)
  return effort
}

test('a thousand changes a second leave the page usable, and rows under the pointer in place', async ({ page, merak }) => {
  test.setTimeout(90_000)
  await fill(merak, 'busy', 1_000)
  await page.goto('/services/default/busy')
  const row = page.getByRole('row', { name: /10\.1\.0\.7:80/ })
  const path = `${pathOf('default', 'busy')}/instances/i-00007`
  await expect(page.getByText('Live', { exact: true })).toBeVisible()
  await flood(merak, 'busy', 1_000, async () => {
    const efforts: Effort[] = []
    const pointed = await pointedWhile(page, row, async () => {
      efforts.push(await effortUnderChanges(page, merak, 'the instances of a service that changes'))
    })
    expect(pointed).toEqual(['10.1.0.7:80'])
    await page.getByRole('button', { name: /rows? moved: show/ }).click()
    await expect(page.getByRole('row').nth(1)).toContainText('10.0.0.')
    await page.getByRole('button', { name: 'Register instance' }).click()
    await expect(page.getByRole('dialog')).toBeVisible()
    await page.keyboard.press('Escape')

    for (const [name, at] of [['Overview', '/'], ['Services', '/services'], ['Changes', '/changes']] as const) {
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click()
      await expect(page).toHaveURL(new RegExp(`${at}$`))
      efforts.push(await effortUnderChanges(page, merak, `${name.toLowerCase()} while a service changes`))
    }
    const fourth = page.locator('.change-head').nth(3)
    const still = await pointedWhile(page, fourth, async () => {
      efforts.push(await effortUnderChanges(page, merak, 'the log under the pointer'))
    })
    await fourth.click()
    await expect(page).toHaveURL(new RegExp(`change=${still.join()}$`))
    await expect(page.getByRole('button', { name: /new changes/ })).toBeVisible()

    for (const effort of efforts) {
      expect(effort.requests).toBeLessThan(10 * effort.seconds + 10)
      expect(effort.mostRows).toBeLessThan(MOST_ROWS)
    }
  })
  await page.goto('/services/default/busy')
  const { weight } = await merak.ask<{ weight: number }>(path)
  await expect(row.getByRole('textbox')).toHaveValue(String(weight))
})
