import { describe, expect, it } from 'vitest'
import { readDocument, textOf } from './document'

const words = { notJson: (said: string) => `no JSON: ${said}`, notObject: 'no object' }

describe('readDocument', () => {
  it('reads what it wrote', () => {
    const spec = { priority: 3, branches: [{ targets: [] }] }
    expect(readDocument(textOf(spec), words)).toEqual({ spec })
  })

  it('says why a text is no rule', () => {
    expect(readDocument('{"priority": ', words).fault).toMatch(/^no JSON: ./)
    for (const text of ['null', '[]', '3', '"text"']) expect(readDocument(text, words)).toEqual({ fault: 'no object' })
  })
})
