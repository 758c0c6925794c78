import { expect, test } from 'vitest'
import { hostFilter, hostOf } from './address'

test.each([
  ['10.0.0.3', '10.0.0.3', '10.0.0.3'],
  ['10.0.0.3:8080', '10.0.0.3', '10.0.0.3'],
  ['10.0.', '10.0.', '10.0.*'],
  ['fe80::1', 'fe80::1', 'fe80::1*'],
  ['[fe80::1]:80', 'fe80::1', 'fe80::1*'],
])('%s is an address', (word, host, filter) => {
  expect(hostOf(word)).toBe(host)
  expect(hostFilter(host)).toBe(filter)
})

test.each(['', '10', 'pay', 'com.shop/order', 'v2.0.0', 'order:8080', 'a:b'])('%s is none', (word) => {
  expect(hostOf(word)).toBeUndefined()
})
