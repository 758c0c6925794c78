import { Application } from './application'
import { expect } from './fixtures'
import { type Merak, rulePath } from './merak'

interface Status {
  applied_count: number
  unable_count: number
  lagging: object[]
}

/** Rules for the shop: some users and a share of the others to v2, and a preference for near instances. */
export async function canary(merak: Merak) {
  const home = '/api/v1/namespaces/default'
  await merak.ask(`${home}/routing-rules`, 'POST', {
    name: 'order-canary',
    description: 'v2 for some, and for 30 % of the rest',
    priority: 10,
    caller: { service: 'com.shop/user' },
    callee: { service: 'com.shop/order' },
    branches: [
      {
        name: 'vip',
        matches: { all: [{ on: 'header', key: 'x-user', op: 'in', values: ['42', '43'] }] },
        targets: [{ labels: { version: 'v2.0.0' } }],
      },
      {
        name: 'rest',
        targets: [
          { name: 'stable', labels: { version: 'v1.4.2' }, weight: 70 },
          { name: 'canary', labels: { version: 'v2.0.0' }, weight: 30 },
        ],
      },
    ],
    otherwise: 'fall_through',
  })
  await merak.ask(`${home}/routing-rules`, 'POST', {
    name: 'no-deletes',
    priority: 20,
    callee: { service: '*' },
    branches: [
      {
        name: 'anything-else',
        matches: { any: [{ on: 'method', op: 'absent' }, { on: 'method', op: 'not_in', values: ['DELETE'] }] },
        targets: [{ labels: {} }],
        when_empty: 'all_instances',
      },
    ],
    otherwise: 'reject',
  })
  await merak.ask(`${home}/routing-rules`, 'POST', {
    name: 'asleep',
    enabled: false,
    callee: { service: 'com.shop/order' },
    branches: [{ targets: [{ labels: { version: 'v0' } }] }],
    otherwise: 'reject',
  })
  const nearby = { name: 'near', callee: { service: 'com.shop/pay' }, level: 'zone', max_level: 'region', spill_over: 0.3 }
  await merak.ask(`${home}/nearby-rules`, 'POST', nearby)
}

/** Rate limits for the shop: one for each user, one for all together, one of calls under way. */
export async function limits(merak: Merak) {
  const home = '/api/v1/namespaces/default/rate-limit-rules'
  await merak.ask(home, 'POST', {
    name: 'users',
    description: 'ten a second for each user',
    callee: { service: 'com.shop/pay' },
    method: '/pay',
    arguments: [{ on: 'header', key: 'x-user', op: 'present' }],
    amounts: [
      { max: 10, window_ms: 1_000 },
      { max: 200, window_ms: 60_000, burst: 50 },
    ],
    response: { status: 429, headers: { 'content-type': 'application/json' }, body: '{"code": 1}' },
  })
  // Within the longer window, what was counted is still to be seen.
  const amounts = [
    { max: 1_000, window_ms: 1_000 },
    { max: 50_000, window_ms: 3_600_000 },
  ]
  const all = { name: 'all-together', priority: 5, callee: { service: '*' }, amounts, scope: 'global' }
  await merak.ask(home, 'POST', all)
  await merak.ask(home, 'POST', { name: 'slow-reports', priority: 9, callee: { service: 'com.shop/order' }, method: '/report', concurrency: 4 })
}

export const HELLO = { service: 'com.shop/user', host: 'user-host', sdkVersion: '0.0.9', labels: { env: 'prod', zone: 'eu-1' } }

/** Applications for `rules` of the shop: one is slow, and one is too old to understand `order-canary`. */
export async function applications(merak: Merak) {
  const { revision } = await merak.ask<{ revision: number }>(rulePath('routing-rules', 'default', 'order-tenants'))
  const slow = new Application(merak, HELLO, [{ kind: 'routing-rules', service: 'com.shop/order' }, { kind: 'routing-rules', service: 'com.shop/pay' }])
  const old = new Application(merak, { ...HELLO, host: 'old-host' }, [{ kind: 'routing-rules', service: 'com.shop/order' }])
  const status = (name: string) => merak.ask<Status>(`${rulePath('routing-rules', 'default', name)}/status`)
  await expect.poll(async () => (await status('order-canary')).lagging.length).toBe(2)
  slow.acknowledge(0, revision - 1)
  old.acknowledge(0, revision, { rule: 'order-canary', reason: 'branches[0]: unknown operator' })
  await expect.poll(async () => (await status('order-canary')).unable_count).toBe(1)
  await expect.poll(async () => (await status('order-canary')).applied_count).toBe(1)
  expect((await status('order-tenants')).lagging).toHaveLength(1)
}
