import { expect, it } from 'vitest'
import { isNamespaceName, serviceNameFault } from './name'

it('takes what a name may have', () => {
  for (const text of ['a', 'com.shop/order', 'a_b:c-D.9', 'x'.repeat(128)]) expect(serviceNameFault(text), text).toBeUndefined()
  expect(isNamespaceName('x'.repeat(64))).toBe(true)
})

it('says in the words of the control plane what no name has', () => {
  expect(serviceNameFault('a b')).toMatchObject({
    detail: "' ' at position 1 is not allowed, use letters, digits and . _ : / -",
    reason: { code: 'bad_character', found: ' ', position: 1 },
  })
  expect(serviceNameFault('支付')?.reason).toMatchObject({ code: 'bad_character', found: '支', position: 0 })
  expect(serviceNameFault('😀'.repeat(129))).toMatchObject({ detail: '129 characters, at most 128 are allowed', reason: { code: 'too_long', length: 129, limit: 128 } })
  expect(serviceNameFault('')?.reason).toEqual({ code: 'missing' })
  for (const text of ['', 'a*', 'a/b c', '.', '..', 'x'.repeat(65)]) expect(isNamespaceName(text), text).toBe(false)
})
