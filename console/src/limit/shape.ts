import type { RateLimitRuleSpec } from '../api/client'
import { isCondition, isEntries, isLabel, isListOf, isNumber, isOptional, isSelector, isText } from '../routing/shape'

const isBoolean = (value: unknown) => typeof value === 'boolean'
const isOneOf = (...names: string[]) => (value: unknown) => names.some((name) => name === value)

const isAmount = (value: unknown) =>
  isEntries(value) && isNumber(value.max) && isNumber(value.window_ms) && isOptional(value.burst, isNumber)

const isAction = (value: unknown) =>
  value === 'reject' || (isEntries(value) && isEntries(value.queue) && isNumber(value.queue.max_wait_ms))

const isResponse = (value: unknown) =>
  isEntries(value) && isOptional(value.status, isNumber) && isOptional(value.body, isText) && isOptional(value.headers, isEntries)

const isWarmUp = (value: unknown) => isEntries(value) && isNumber(value.period_ms) && isOptional(value.start_percent, isNumber)

/** Whether a document that somebody types is enough of a rate limit rule to be shown as one, right or wrong. */
export const isRateLimitRule = (value: unknown): value is RateLimitRuleSpec =>
  isEntries(value) &&
  isOptional(value.description, isText) &&
  isOptional(value.metadata, isEntries) &&
  isOptional(value.enabled, isBoolean) &&
  isOptional(value.priority, isNumber) &&
  isSelector(value.callee) &&
  isOptional(value.method, isLabel) &&
  isOptional(value.arguments, (list) => isListOf(list, isCondition)) &&
  isOptional(value.amounts, (list) => isListOf(list, isAmount)) &&
  isOptional(value.concurrency, isNumber) &&
  isOptional(value.regex_combine, isBoolean) &&
  isOptional(value.scope, isOneOf('local', 'global')) &&
  isOptional(value.action, isAction) &&
  isOptional(value.amount_mode, isOneOf('total', 'per_client')) &&
  isOptional(value.failover, isOneOf('local', 'pass')) &&
  isOptional(value.response, isResponse) &&
  isOptional(value.warm_up, isWarmUp)
