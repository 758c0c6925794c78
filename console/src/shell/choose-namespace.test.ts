import { expect, test } from 'vitest'
import { listOf } from './choose-namespace'

test.each([
  ['/services/stage/com.shop%2Forder', { list: '/services', namespace: 'stage' }],
  ['/services/a%2Fb/order/timeline', { list: '/services', namespace: 'a/b' }],
  ['/routing-rules/stage/canary', { list: '/routing-rules', namespace: 'stage' }],
  ['/rate-limit-rules/stage/canary', { list: '/rate-limit-rules', namespace: 'stage' }],
  ['/routing-rules/new', undefined],
  ['/services', undefined],
  ['/changes', undefined],
  ['/', undefined],
])('%s belongs to a list', (path, expected) => {
  expect(listOf(path)).toEqual(expected)
})
