/** Keys and values, such as metadata and headers. */
export type Entries = Record<string, string>

/** Why lines say no entries: which line is none, or which key is there twice. */
export type EntriesFault = { is: 'line' | 'quote'; line: number } | { is: 'twice'; key: string }

/** What a line could not tell from something else, or what nobody would see in it. */
const isVague = (text: string) => text !== text.trim() || text.startsWith('"') || /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text)

const written = (text: string, isQuoted: boolean) => (isQuoted ? JSON.stringify(text) : text)

/** Entries as lines `key=value`; a key or a value that a line could not say as it is, is a JSON string. */
export const entriesText = (entries: Entries) =>
  Object.entries(entries)
    .map(([key, value]) => `${written(key, key === '' || key.includes('=') || isVague(key))}=${written(value, isVague(value))}`)
    .join('\n')

const QUOTED = /^"(?:[^"\\]|\\.)*"/

/** A JSON string; none if it is not a whole one. */
function unquoted(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/** Where the key of a line ends. */
function keyOf(line: string): string | undefined {
  const quoted = QUOTED.exec(line)?.[0]
  if (quoted !== undefined) return quoted
  const at = line.indexOf('=')
  return at > 0 ? line.slice(0, at) : undefined
}

function readLine(text: string): [string, string] | 'line' | 'quote' {
  const said = keyOf(text)
  if (said === undefined) return text.startsWith('"') ? 'quote' : 'line'
  const rest = text.slice(said.length).trimStart()
  if (!rest.startsWith('=')) return 'line'
  const parts = [said.trim(), rest.slice(1).trim()].map((part) => (part.startsWith('"') ? unquoted(part) : part))
  const [key, value] = parts
  return key === undefined || value === undefined ? 'quote' : [key, value]
}

/** The entries that lines say, or why they say none: nothing is guessed, and no line is lost. */
export function readEntries(text: string): { entries: Entries; fault?: never } | { entries?: never; fault: EntriesFault } {
  const entries = new Map<string, string>()
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const found = readLine(line.trim())
    if (typeof found === 'string') return { fault: { is: found, line: index + 1 } }
    const [key, value] = found
    if (entries.has(key)) return { fault: { is: 'twice', key } }
    entries.set(key, value)
  }
  return { entries: Object.fromEntries(entries) }
}
