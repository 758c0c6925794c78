/** The values that a token takes; none if any text will do. */
export type Grammar = Readonly<Record<string, readonly string[] | null>>

export type Fault =
  | { is: 'unknown' | 'empty' | 'twice'; key: string }
  | { is: 'value'; key: string; allowed: readonly string[] }
  | { is: 'oneWord' }

export interface Parsed {
  /** The word that is no token. */
  word: string
  /** The tokens, without those of metadata. */
  values: Record<string, string>
  /** Entries of metadata as `key:value`. */
  metadata: string[]
  faults: Fault[]
}

/** Shorter words that people use for a value. */
const SHORT: ReadonlyMap<string, string> = new Map([
  ['good', 'healthy'],
  ['bad', 'unhealthy'],
  ['yes', 'true'],
  ['no', 'false'],
])

/** A colon after a backslash is a part of the key, and does not end it. */
const ENTRY = /^(?:\\.|[^\\:])+:/

const TOKEN = /^([a-z][a-z_]*(?:\.[^:\s]+)?):(.*)$/

/**
 * Reads a search: words with a colon are tokens, such as `health:unhealthy` or `metadata.env:prod`.
 *
 * What a grammar does not know is a fault, never ignored. A service may have a colon in its name:
 * quotes around a word make it a plain one. A word may stand for a token, `wordIs`.
 */
export function parseSearch(text: string, grammar: Grammar, wordIs?: string): Parsed {
  const parsed: Parsed = { word: '', values: {}, metadata: [], faults: [] }
  for (const [, quoted, plain] of text.matchAll(/"([^"]*)"|(\S+)/g)) {
    const token = plain === undefined ? null : TOKEN.exec(plain)
    if (token) readToken(token[1] ?? '', token[2] ?? '', grammar, parsed)
    else if (parsed.word) parsed.faults.push({ is: 'oneWord' })
    else parsed.word = quoted ?? plain ?? ''
  }
  const isTwice = wordIs !== undefined && parsed.word !== '' && wordIs in parsed.values
  if (isTwice) parsed.faults.push({ is: 'twice', key: wordIs })
  return parsed
}

function readToken(key: string, said: string, grammar: Grammar, parsed: Parsed) {
  const [noun, entry] = splitOnce(key, '.')
  const allowed = Object.hasOwn(grammar, noun) ? grammar[noun] : undefined
  const value = (allowed && SHORT.get(said)) ?? said
  if (allowed === undefined || (noun === 'metadata') !== (entry !== undefined)) {
    parsed.faults.push({ is: 'unknown', key })
  } else if (value === '') {
    parsed.faults.push({ is: 'empty', key })
  } else if (entry !== undefined && !ENTRY.test(`${entry}:${value}`)) {
    parsed.faults.push({ is: 'empty', key })
  } else if (entry !== undefined) {
    parsed.metadata.push(`${entry}:${value}`)
  } else if (allowed && !allowed.includes(value)) {
    parsed.faults.push({ is: 'value', key, allowed })
  } else if (noun in parsed.values) {
    parsed.faults.push({ is: 'twice', key })
  } else {
    parsed.values[noun] = value
  }
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

/** What could follow the last, unfinished word: keys of the grammar, or values of a key. */
export function suggest(text: string, grammar: Grammar): string[] {
  const last = /\S*$/.exec(text)?.[0] ?? ''
  const [key, value] = splitOnce(last, ':')
  const begun =
    value === undefined
      ? Object.keys(grammar).map((one) => (one === 'metadata' ? 'metadata.' : `${one}:`))
      : ((Object.hasOwn(grammar, key) && grammar[key]) || []).map((one) => `${key}:${one}`)
  return begun.filter((one) => one.startsWith(last) && one !== last)
}

/** The text with its last word replaced by a suggestion. */
export function complete(text: string, suggestion: string): string {
  const isUnfinished = suggestion.endsWith(':') || suggestion.endsWith('.')
  return text.replace(/\S*$/, () => suggestion) + (isUnfinished ? '' : ' ')
}

/** A filter of the API that matches the word anywhere. */
export const anywhere = (word: string) => (word.includes('*') ? word : `*${word}*`)
