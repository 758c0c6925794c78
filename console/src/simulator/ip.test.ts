import { expect, it } from 'vitest'
import { isIp } from './ip'

it('takes whole addresses of either version', () => {
  for (const text of ['10.0.0.7', '0.0.0.0', '255.255.255.255', '::', '::1', 'fe80::1', '2001:DB8::7', '1:2:3:4:5:6:7:8', '::ffff:10.0.0.7']) {
    expect(isIp(text), text).toBe(true)
  }
})

it('takes nothing that is half typed or more than an address', () => {
  for (const text of ['', '1', '10.', '10.0.0', '10.0.0.', '10.0.0.256', '10.0.0.07', '10.0.0.7.1', '10.0.0.0/8', ':', ':1', 'fe80:', '[::1]', 'fe80::1%eth0', '1:2', '::10.0.0', '1:2:3:4:5:6:7:8:9', 'localhost']) {
    expect(isIp(text), text).toBe(false)
  }
})
