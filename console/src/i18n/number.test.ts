import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { number } from './number'

const isDictionary = (line: string) => /^i18n\/(?:en|zh)\b/.test(line)

describe('number', () => {
  it('sets thousands apart', () => {
    expect([0, 999, 1_234_567, 0.5].map((value) => number(value))).toEqual(['0', '999', '1,234,567', '0.5'])
  })

  it('keeps as many digits as it is asked for', () => {
    expect(number(1.25, { maximumFractionDigits: 1 })).toBe('1.3')
    expect(number(0.012_345, { maximumSignificantDigits: 3 })).toBe('0.0123')
  })
})

describe('what people read', () => {
  const source = join(import.meta.dirname, '..')
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.test.ts'))
  const linesOf = (file: string) => readFileSync(join(source, file), 'utf8').split('\n')
  const FORMATS = ['i18n/number.ts', 'time/format.ts']

  it('is never written as the browser would, but in the language of the console', () => {
    const asBrowser = files
      .filter((file) => !FORMATS.includes(file))
      .flatMap((file) => linesOf(file).map((line) => `${file}: ${line.trim()}`))
      .filter((line) => /\bIntl\.|\.toLocale\w*String\(/.test(line))
      // The words of a language name it.
      .filter((line) => !isDictionary(line) || !/\.toLocaleString\('(?:en|zh)'/.test(line))
    expect(asBrowser).toEqual([])
  })
})
