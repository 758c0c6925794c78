import type { NearbyRuleSpec } from '../api/client'
import type { Dictionary } from '../i18n/en'
import { LEVELS } from './nearby'

/** What a nearby rule does, in sentences. */
export function nearbySentences(rule: NearbyRuleSpec, { nearby: text, sentence }: Pick<Dictionary, 'nearby' | 'sentence'>): string[] {
  const { callee, level = 'zone', max_level: widest = 'all', strict = false, spill_over: spill = 0 } = rule
  const service = callee.service === '*' ? sentence.anyService : callee.service || '…'
  const name = callee.namespace === undefined ? service : sentence.inNamespace(service, callee.namespace === '*' ? sentence.anyNamespace : callee.namespace)
  const stays = text.stays(name, text.levels[level].name)
  if (level === 'all') return [text.anywhere(name)]
  const widens = spill > 0 ? text.widensAt(Math.round(spill * 100)) : text.widensWhenNone
  const steps = LEVELS.slice(LEVELS.indexOf(level) + 1, LEVELS.indexOf(widest) + 1).map((one) => text.levels[one].name)
  const beyond = widest === 'all' ? [] : [strict ? text.strictBeyond(text.levels[widest].name) : text.beyond(text.levels[widest].name)]
  return [stays, ...(steps.length > 0 ? [text.widens(widens, steps.join(' · '))] : []), ...beyond]
}
