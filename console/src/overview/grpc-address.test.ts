import { describe, expect, it } from 'vitest'
import { grpcAddress } from './grpc-address'

describe('grpcAddress', () => {
  it('is what is advertised, or the listener as this page reaches it', () => {
    const page = { hostname: 'merak.example.com' }
    expect(grpcAddress(undefined, page)).toBeUndefined()
    expect(grpcAddress({ listener: '127.0.0.1:18091' }, page)).toBe('http://127.0.0.1:18091')
    expect(grpcAddress({ listener: '0.0.0.0:8091' }, page)).toBe('http://merak.example.com:8091')
    expect(grpcAddress({ listener: '[::]:8091' }, page)).toBe('http://merak.example.com:8091')
    expect(grpcAddress({ listener: '[::1]:8091' }, page)).toBe('http://[::1]:8091')
    expect(grpcAddress({ listener: '0.0.0.0:8091', advertised: 'https://grpc.example.com' }, page)).toBe('https://grpc.example.com')
  })
})
