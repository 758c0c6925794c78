import { describe, expect, it } from 'vitest'
import { type Entries, entriesText, readEntries } from './entries'

/** Numbers that are the same in every run: mulberry32. */
function numbers(seed: number) {
  let state = seed
  return (below: number) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const PIECES = [
  'a', 'b', 'env', '=', '"', '\\', '\\n', '\n', '\r', '\t', ' ', '\u00a0', '\u2028', '\u200b', '\ufeff', '\ud800', '😀', '\0', '中', "'", '{', '}', ':', '#', '1', '__proto__', 'constructor',
]

function textOf(below: (limit: number) => number) {
  return Array.from({ length: below(6) }, () => PIECES[below(PIECES.length)]).join('')
}

function entriesOf(seed: number): Entries {
  const below = numbers(seed)
  return Object.fromEntries(Array.from({ length: below(6) }, () => [textOf(below), textOf(below)]))
}

describe('entries as lines', () => {
  it('say every map of texts as it is, one entry a line', () => {
    for (let seed = 0; seed < 2_000; seed += 1) {
      const entries = entriesOf(seed)
      const text = entriesText(entries)
      const read = readEntries(text)
      expect(Object.entries(read.entries ?? {}), text).toEqual(Object.entries(entries))
      expect(text === '' ? 0 : text.split('\n').length, text).toBe(Object.keys(entries).length)
    }
  })

  it('are plain where a line is enough, and quoted where it is not', () => {
    const entries = { env: 'prod', url: 'http://a/?b=c', 'a=b': 'eq key', cert: 'line1\nline2=x', sp: ' lead ', empty: '', json: '{"a":1}', quote: '"x"' }
    const text = 'env=prod\nurl=http://a/?b=c\n"a=b"=eq key\ncert="line1\\nline2=x"\nsp=" lead "\nempty=\njson={"a":1}\nquote="\\"x\\""'
    expect(entriesText(entries)).toBe(text)
    expect(readEntries(`${text}\nnew=1`).entries).toEqual({ ...entries, new: '1' })
  })

  it('are taken as people type them', () => {
    expect(readEntries('a=1\n\n b = x=y \r\n"c d" = "e"\n').entries).toEqual({ a: '1', b: 'x=y', 'c d': 'e' })
    expect(readEntries('').entries).toEqual({})
  })

  it('say which line is none, and which key is there twice', () => {
    expect(readEntries('a=1\nb').fault).toEqual({ is: 'line', line: 2 })
    expect(readEntries('=1').fault).toEqual({ is: 'line', line: 1 })
    expect(readEntries('"a" b=1').fault).toEqual({ is: 'line', line: 1 })
    expect(readEntries('a=1\n\nb="x').fault).toEqual({ is: 'quote', line: 3 })
    expect(readEntries('"a=1').fault).toEqual({ is: 'quote', line: 1 })
    expect(readEntries('a="x" y').fault).toEqual({ is: 'quote', line: 1 })
    expect(readEntries('env=prod\nb=1\n"env"=dev').fault).toEqual({ is: 'twice', key: 'env' })
  })
})
