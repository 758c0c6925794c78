import { describe, expect, it } from 'vitest'
import { isLeft, whileLeaving } from './leaving'

const status = ['rule', 'routing-rules', 'default', 'canary', 'status']

describe('whileLeaving', () => {
  it('is about all that is of the thing, and nothing else', async () => {
    expect(isLeft(status)).toBe(false)
    await whileLeaving(status.slice(0, 4), async () => {
      expect([isLeft(status), isLeft(status.slice(0, 4))]).toEqual([true, true])
      expect([isLeft(['rule', 'routing-rules', 'default', 'other']), isLeft(['rules', 'routing-rules', 'default'])]).toEqual([false, false])
    })
    expect(isLeft(status)).toBe(false)
  })

  it('ends when the deletion is refused', async () => {
    await expect(whileLeaving(status, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(isLeft(status)).toBe(false)
  })
})
