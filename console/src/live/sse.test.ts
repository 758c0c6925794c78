import { describe, expect, it } from 'vitest'
import { EventReader } from './sse'

describe('EventReader', () => {
  const stream = 'event: ready\nid: 4\ndata: {"a":1}\n\n: alive\nid: 9\n\nevent: change\ndata: x\ndata: y\nid: 10\n\n'
  const expected = [
    { name: 'ready', data: '{"a":1}', id: '4' },
    { name: 'change', data: 'x\ny', id: '10' },
  ]

  it('reads events whole', () => {
    expect(new EventReader().read(stream)).toEqual(expected)
  })

  it('reads the same events however the text is cut', () => {
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const reader = new EventReader()
      const events = [...reader.read(stream.slice(0, cut)), ...reader.read(stream.slice(cut))]
      expect(events).toEqual(expected)
    }
  })

  it('remembers an id that came without data', () => {
    const reader = new EventReader()
    expect(reader.read(': alive\nid: 12\n\n')).toEqual([])
    expect(reader.id).toBe('12')
  })

  it('keeps an event back until its empty line', () => {
    const reader = new EventReader()
    expect(reader.read('data: x\n')).toEqual([])
    expect(reader.read('\n')).toEqual([{ name: 'message', data: 'x', id: '' }])
  })
})
