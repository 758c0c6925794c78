import type { Page } from '@playwright/test'
import { expect, test } from '../fixtures'
import { rules, shop } from '../merak'
import { pagesOf } from '../pages'
import { limits } from '../rule-data'
import { expectMissing, seeOpened, settled } from '../states'

/** What people wrote into the things that the pages show. */
const DATA = [
  'v2 for some, and a canary for the rest',
  'where releases wait',
  'pending audit',
  'ten a second for each user',
]

/** Two words of a sentence in a row; names, labels and addresses have no blank between their parts. */
const SENTENCE = /(?<![\w./:=@-])[a-z']{2,} [a-z']{2,}(?![\w./:=@-])/

async function inChinese(page: Page) {
  await page.addInitScript(() => localStorage.setItem('merak.preferences', JSON.stringify({ theme: 'light', language: 'zh' })))
}

/** All that a page says, to the eye and to a screen reader, but for what is code and what is typed. */
function said(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
      const parent = walker.currentNode.parentElement
      if (!parent?.closest('script, style, code, pre, kbd, textarea, .code, .side')) found.push(walker.currentNode.nodeValue ?? '')
    }
    const spoken = ['aria-label', 'aria-description', 'title', 'placeholder', 'alt']
    for (const element of document.querySelectorAll(spoken.map((name) => `[${name}]`).join())) {
      for (const name of spoken) found.push(element.getAttribute(name) ?? '')
    }
    return found
  })
}

const english = (texts: string[]) =>
  texts.filter((text) => SENTENCE.test(DATA.reduce((rest, data) => rest.replaceAll(data, ''), text).replace('Switch to English', '')))

/** Latin words of a text, without the names that a test gave to things. */
const latin = (text: string, names: string[]) =>
  names.reduce((rest, name) => rest.replaceAll(name, ''), text).match(/[A-Za-z]{2,}/g) ?? []

test('no page says an English sentence in Chinese', async ({ page, merak, faults }) => {
  await inChinese(page)
  await shop(merak)
  await rules(merak)
  await limits(merak)
  await merak.system()
  const found: Record<string, string[]> = {}
  const see = async (name: string) => {
    const sentences = english(await said(page))
    if (sentences.length > 0) found[name] = sentences
  }
  for (const [name, address] of await pagesOf(merak)) {
    await page.goto(address)
    await settled(page)
    await see(name)
  }
  await seeOpened(page, see)
  expect(found).toEqual({})
  await expectMissing(faults)
})

const header = (op: string, value: string) => ({ on: 'header', key: 'x', op, value })

test('warnings of rules are Chinese in Chinese', async ({ page, merak }) => {
  await inChinese(page)
  await shop(merak)
  const spec = {
    callee: { service: 'com.shop/order' },
    priority: 7,
    branches: [
      { matches: { all: [header('regex', '.*')] }, targets: [{ labels: { version: 'v9' } }] },
      { matches: { all: [header('exact', '1'), header('exact', '2')] }, targets: [{}] },
      { targets: [{ labels: { version: 'v1.4.2' }, weight: 60 }, { labels: { version: 'v2.0.0' }, weight: 30 }], when_empty: 'reject' },
      { name: '金丝雀 30%', targets: [{ labels: { version: 'v1.4.2' }, weight: 80 }, { labels: { version: 'v1.4.2' }, weight: 20 }] },
    ],
    otherwise: 'reject',
  }
  await merak.rule('routing-rules', 'default', 'one', spec)
  await merak.rule('routing-rules', 'default', 'two', spec)
  await page.goto('/routing-rules/default/two')
  const notice = page.locator('section.notice-warn')
  await expect(notice.getByRole('listitem')).toHaveCount(9)
  await notice.locator('code').evaluateAll((places) => places.forEach((place) => place.remove()))
  expect(latin(await notice.innerText(), ['default/one', 'default/two'])).toEqual([])
  await page.goto('/routing-rules')
  const title = await page.locator('.badge-warn').first().getAttribute('title')
  expect(latin(title ?? '', ['default/one', 'default/two'])).toEqual([])
})

test('what is refused is Chinese in Chinese', async ({ page, merak }) => {
  await inChinese(page)
  await shop(merak)
  await rules(merak)
  await page.goto('/routing-rules/default/order-canary')
  await page.locator('.segments button').nth(1).click()
  const refused = page.locator('.field-fault')
  for (const [document, words] of [
    [{ priority: 'high' }, '应为不小于 0 的整数，实际是 "high"'],
    [{ tragets: [] }, '没有“tragets”这个字段'],
    [{ callee: { service: 'a b' } }, '第 2 个字符“ ”不允许使用，只能使用字母、数字和 . _ : / -'],
    [{ branches: [] }, '规则至少要有一个分支'],
    [{ branches: [{ targets: [{ weight: 0 }] }] }, '所有权重都是 0'],
    [{ branches: [{ matches: { all: [{ on: 'path', op: 'regex', value: '(' }] }, targets: [{}] }] }, '不是正则表达式：分组没有闭合'],
  ] as const) {
    const whole = { callee: { service: 'com.shop/order' }, branches: [{ targets: [{}] }], otherwise: 'reject', ...document }
    await page.getByRole('textbox', { name: 'JSON 形式的规则' }).fill(JSON.stringify(whole))
    await expect(refused).toContainText(words)
  }
  await page.getByRole('textbox', { name: 'JSON 形式的规则' }).fill('{"callee": }')
  await expect(refused).toContainText('不是有效的 JSON')
  expect(latin(await refused.innerText(), ['JSON'])).toEqual([])
})
