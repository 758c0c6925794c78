import type { RoutingRuleSpec } from '../api/client'
import { FACT_KINDS, OPERATORS } from './noun'

type Entries = Record<string, unknown>

export const isEntries = (value: unknown): value is Entries => typeof value === 'object' && value !== null && !Array.isArray(value)
export const isListOf = (value: unknown, is: (element: unknown) => boolean) => Array.isArray(value) && value.every(is)
export const isOptional = (value: unknown, is: (value: unknown) => boolean) => value === undefined || is(value)
export const isText = (value: unknown) => typeof value === 'string'
export const isNumber = (value: unknown) => typeof value === 'number'

const isFact = (value: unknown) => isEntries(value) && FACT_KINDS.some((kind) => kind === value.on) && isOptional(value.key, isText)

const isTest = (value: unknown) =>
  isEntries(value) &&
  OPERATORS.some((op) => op === value.op) &&
  isOptional(value.value, isText) &&
  isOptional(value.values, (values) => isListOf(values, isText)) &&
  isOptional(value.min, isNumber) &&
  isOptional(value.max, isNumber) &&
  isOptional(value.fact, isFact)

export const isCondition = (value: unknown) => isFact(value) && isTest(value)
export const isLabel = (value: unknown) => isText(value) || isTest(value)
const areLabels = (value: unknown) => isEntries(value) && Object.values(value).every(isLabel)

const isTarget = (value: unknown) =>
  isEntries(value) &&
  isOptional(value.name, isText) &&
  isOptional(value.labels, areLabels) &&
  isOptional(value.weight, isNumber) &&
  isOptional(value.priority, isNumber)

const areMatches = (value: unknown) =>
  isEntries(value) && [value.all, value.any].every((one) => isOptional(one, (list) => isListOf(list, isCondition)))

const isBranch = (value: unknown) =>
  isEntries(value) &&
  isOptional(value.name, isText) &&
  isOptional(value.matches, areMatches) &&
  isListOf(value.targets, isTarget) &&
  isOptional(value.when_empty, isText)

export const isSelector = (value: unknown) =>
  isEntries(value) && isOptional(value.namespace, isText) && isOptional(value.service, isText) && isOptional(value.metadata, areLabels)

const isCall = (value: unknown) =>
  isEntries(value) &&
  isEntries(value.to) &&
  isText(value.to.service) &&
  isOptional(value.to.namespace, isText) &&
  isOptional(value.from, isEntries) &&
  [value.method, value.path].every((one) => isOptional(one, isText)) &&
  isOptional(value.exclude, (list) => isListOf(list, isText)) &&
  [value.headers, value.query, value.cookies, value.arguments].every((one) => isOptional(one, isEntries))

/** Whether a document is enough of a test of a rule to be shown as one. */
export const isRoutingTest = (value: unknown) =>
  isEntries(value) &&
  isOptional(value.description, isText) &&
  isCall(value.request) &&
  isEntries(value.expect) &&
  isOptional(value.expect.decided_by, isText) &&
  isOptional(value.expect.labels, areLabels) &&
  isOptional(value.instances, Array.isArray)

/** Whether a document that somebody types is enough of a routing rule to be shown as one, right or wrong. */
export const isRoutingRule = (value: unknown): value is RoutingRuleSpec =>
  isEntries(value) &&
  isOptional(value.description, isText) &&
  isOptional(value.metadata, isEntries) &&
  isOptional(value.enabled, (enabled) => typeof enabled === 'boolean') &&
  isOptional(value.priority, isNumber) &&
  isOptional(value.caller, isSelector) &&
  isSelector(value.callee) &&
  isListOf(value.branches, isBranch) &&
  isOptional(value.tests, (tests) => isListOf(tests, isRoutingTest))
