import { expect, test } from '../fixtures'
import { rulePath, rules, shop } from '../merak'

test('the palette goes to any rule and makes new ones', async ({ page, merak }) => {
  await shop(merak)
  await rules(merak)
  await page.goto('/')
  await expect(page.getByRole('heading', { name: 'Needs attention' })).toBeVisible()
  await page.keyboard.press('Control+k')
  const palette = page.getByRole('dialog', { name: 'Find or run' })
  await palette.getByRole('combobox').fill('stay')
  await expect(palette.getByRole('option', { name: /stay-in-zone/ })).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('stay-in-zone')
  await page.keyboard.press('Control+k')
  await palette.getByRole('combobox').fill('new nearby')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('New nearby rule')
})

test('changes of rules are told, and lead to the rule', async ({ page, merak }) => {
  await shop(merak)
  await rules(merak)
  await merak.rule('routing-rules', 'default', 'pay-off', {
    priority: 14,
    callee: { service: 'com.shop/pay' },
    branches: [{ targets: [{}] }],
    enabled: false,
    otherwise: 'fall_through',
  })
  await page.goto('/changes?kind=routing_rule')
  await page.getByRole('button', { name: /Routing rule pay-off: priority 40 → 14/ }).click()
  await expect(page.getByRole('button', { name: 'Take back' })).toBeVisible()
  await page.getByRole('link', { name: 'See the rule and its history' }).click()
  await expect(page.getByRole('region', { name: 'Difference' })).toContainText('"priority": 14')
})

test('a nearby rule is made, read in plain words and edited', async ({ page, merak }) => {
  await shop(merak)
  await page.goto('/nearby-rules')
  await expect(page.getByText('No nearby rules')).toBeVisible()
  await page.getByRole('main').getByRole('link', { name: 'New nearby rule' }).first().click()
  await page.getByLabel('Name', { exact: true }).fill('stay')
  await page.getByRole('combobox', { name: 'Called service', exact: true }).fill('com.shop/pay')
  await page.getByLabel('Stay in the').selectOption('region')
  await page.getByRole('slider').fill('30')
  await page.getByRole('radio', { name: 'Never use it' }).check()
  await expect(page.getByText('Where 30 % or fewer of its instances are healthy, they widen to everywhere.')).toBeVisible()
  await page.getByLabel('Widen at most to').selectOption('region')
  await expect(page.getByText('Where the region has nothing for a call, it is refused.')).toBeVisible()
  await page.getByRole('button', { name: 'Review changes' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('stay')
  const rule = await merak.ask(rulePath('nearby-rules', 'default', 'stay'))
  expect(rule).toMatchObject({ callee: { service: 'com.shop/pay' }, level: 'region', max_level: 'region', strict: true, spill_over: 0.3 })
  await page.goto('/nearby-rules')
  await expect(page.getByRole('listitem', { name: 'stay', exact: true })).toContainText('Calls to com.shop/pay stay in the region of the caller.')
})

test('a rule is told in Chinese', async ({ page, merak }) => {
  await shop(merak)
  await rules(merak)
  await page.goto('/routing-rules/default/order-canary')
  await page.getByRole('button', { name: '切换到中文' }).click()
  await expect(page.getByText('当请求头 x-user 属于 42、43，且路径匹配 /^/api/order/ 时，转到 version 为 v2.0.0 的实例。')).toBeVisible()
  await expect(page.getByRole('button', { name: '查看修改' })).toBeDisabled()
})
