import type { RateLimitRuleSpec } from '../api/client'
import type { Dictionary } from '../i18n/en'
import { conditionText, factText, joined } from '../routing/sentence'
import { testOf } from '../routing/tests'
import { type Amount, lengthText, maxWaitOf } from './limit'

type Words = Pick<Dictionary, 'limits' | 'sentence'>

/** The conditions that a rule puts on a call, that on the method first. */
const conditionsOf = ({ method, arguments: others = [] }: RateLimitRuleSpec) => [
  ...(method === undefined ? [] : [{ on: 'method' as const, ...testOf(method) }]),
  ...others,
]

/** Which calls a rule counts; nothing where every call. */
export const callsText = (rule: RateLimitRuleSpec, { sentence }: Words) =>
  joined(conditionsOf(rule).map((condition) => conditionText(condition, sentence)), sentence.and)

/** The facts whose values have counters of their own, that of the method first. */
export function countedFacts(rule: RateLimitRuleSpec, { sentence }: Words): string[] {
  const apart = rule.regex_combine ? [] : conditionsOf(rule).filter(({ op }) => op !== 'exact' && op !== 'absent')
  return apart.map((condition) => factText(condition, sentence))
}

function countersText(rule: RateLimitRuleSpec, words: Words): string {
  const { limits, sentence } = words
  const facts = countedFacts(rule, words)
  return facts.length === 0 ? limits.oneCounter : limits.counterEach(joined(facts, sentence.and))
}

function amountText({ max, window_ms: window, burst }: Amount, words: Words): string {
  const length = lengthText(window, words)
  return burst === undefined ? words.limits.amount(max, length) : words.limits.amountBurst(max, length, burst)
}

/** All that a rule lets through, in a few words. */
export function amountsText(rule: RateLimitRuleSpec, words: Words): string {
  const { amounts = [], concurrency } = rule
  const parts = amounts.map((amount) => amountText(amount, words))
  if (concurrency !== undefined) parts.push(words.limits.concurrent(concurrency))
  return joined(parts, words.sentence.and)
}

function who({ callee }: RateLimitRuleSpec, { sentence }: Words): string {
  const service = callee.service === '*' || callee.service === '' ? sentence.anyService : callee.service
  if (callee.namespace === undefined) return service
  return sentence.inNamespace(service, callee.namespace === '*' ? sentence.anyNamespace : callee.namespace)
}

/** What a rate limit rule does, in sentences. */
export function limitSentences(rule: RateLimitRuleSpec, words: Words): string[] {
  const { limits: text } = words
  const { scope = 'local', amount_mode: mode = 'total', failover = 'local', action, response, warm_up: warmUp } = rule
  const calls = callsText(rule, words)
  const status = response?.status ?? 429
  const wait = maxWaitOf(action)
  const counted = scope === 'local' ? text.countedLocal : mode === 'total' ? text.countedTotal : text.countedEach
  return [
    calls ? text.someCalls(who(rule, words), calls) : text.everyCall(who(rule, words)),
    text.letsThrough(amountsText(rule, words) || text.nothingYet, counted),
    countersText(rule, words),
    wait === undefined ? text.refused(status) : text.waits(lengthText(wait, words), status),
    ...(warmUp ? [text.warmsUp(warmUp.start_percent ?? 30, lengthText(warmUp.period_ms, words))] : []),
    ...(scope === 'global' ? [failover === 'pass' ? text.awayPass : text.awayLocal] : []),
  ]
}
