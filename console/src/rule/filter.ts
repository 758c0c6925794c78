import type { Parsed } from '../search/tokens'
import { type CommonSpec, isEnabled, type Rule } from './noun'

/** The tokens that find rules of a kind that asks who calls. */
export const CALL_TOKENS = { caller: null, callee: null, enabled: ['true', 'false'], metadata: null } as const

/** The tokens that find rules of a kind that does not. */
export const CALLEE_TOKENS = { callee: null, enabled: ['true', 'false'], metadata: null } as const

/** Whether a text has a word in it, or fits it if the word has a `*`. */
function has(text: string, word: string): boolean {
  const [given, wanted] = [text.toLowerCase(), word.toLowerCase()]
  if (!wanted.includes('*')) return given.includes(wanted)
  const parts = wanted.split('*').map((part) => part.replaceAll(/[$()+.?[\\\]^{|}]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`).test(given)
}

/** Whether a search finds a rule. A rule for every service is found by the name of any. */
export function finds<Spec extends CommonSpec>({ word, values, metadata }: Parsed, rule: Rule<Spec>): boolean {
  const { caller, callee, enabled } = values
  const isFor = (service: string | undefined, wanted: string | undefined) =>
    wanted === undefined || service === undefined || service === '*' || has(service, wanted)
  return (
    has(rule.name, word) &&
    isFor(rule.caller?.service, caller) &&
    isFor(rule.callee.service, callee) &&
    (enabled === undefined || String(isEnabled(rule)) === enabled) &&
    metadata.every((entry) => {
      const at = entry.indexOf(':')
      return rule.metadata?.[entry.slice(0, at)] === entry.slice(at + 1)
    })
  )
}
