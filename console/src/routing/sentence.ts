import type { RoutingRuleSpec } from '../api/client'
import type { Dictionary } from '../i18n/en'
import { type Branch, type Condition, type Fact, type Labels, priorityOf, type Target, type Test, weightOf } from './noun'
import { testOf } from './tests'
import { shares } from './weights'

type Words = Dictionary['sentence']

/** Stands for what is not typed yet. */
const UNFINISHED = '…'

/** What a rule does, in sentences: for whom it is, each of its branches, and the rest. */
export function sentencesOf({ caller, callee, branches, otherwise }: RoutingRuleSpec, words: Words): string[] {
  const from = who(caller?.service, caller?.namespace, words.anyCaller, words)
  const labels = labelsText(caller?.metadata ?? {}, words)
  const to = callee.service === '' ? '…' : who(callee.service, callee.namespace, words.anyService, words)
  const intro = words.calls(labels ? words.labelled(from, labels) : from, to)
  return [intro, ...branches.map((branch, index) => branchText(branch, index, words)), words.otherwise[otherwise] ?? '']
}

function who(service: string | undefined, namespace: string | undefined, any: string, words: Words): string {
  const name = service === undefined || service === '*' || service === '' ? any : service
  return namespace === undefined ? name : words.inNamespace(name, namespace === '*' ? words.anyNamespace : namespace)
}

function branchText(branch: Branch, index: number, words: Words): string {
  const matched = matchesText(branch, words)
  const begin = matched ? words.when(matched) : index === 0 ? words.everyCall : words.everyOtherCall
  return words.branch(begin, targetsText(branch.targets, words), words.whenEmpty[branch.when_empty ?? 'next_branch'] ?? '')
}

/** Which calls a branch takes; nothing if every call. */
export function matchesText({ matches }: Branch, words: Words): string {
  const conditions = matches?.all ?? matches?.any ?? []
  return joined(conditions.map((condition) => conditionText(condition, words)), matches?.any ? words.or : words.and)
}

export const conditionText = (condition: Condition, words: Words) =>
  condition.key === '' ? UNFINISHED : words.is(factText(condition, words), testText(condition, words))

export const factText = ({ on, key = '' }: Fact, words: Words) => words.facts[on](key)

/** What a test asks for. */
function testText({ op, value = '', values = [], min, max, fact }: Test, words: Words): string {
  if (op === 'in' || op === 'not_in') return words.tests[op](values.join(words.comma) || UNFINISHED)
  if (op === 'present' || op === 'absent') return words.tests[op]
  if (op === 'same_as') return words.tests.same_as(fact ? factText(fact, words) : '')
  if (op !== 'range') return words.tests[op](value)
  if (max === undefined) return words.tests.atLeast(min ?? 0)
  return min === undefined ? words.tests.atMost(max) : words.tests.between(min, max)
}

export const joined = (texts: string[], join: (one: string, other: string) => string) =>
  texts.length === 0 ? '' : texts.reduce((one, other) => join(one, other))

function labelsText(labels: Labels, words: Words): string {
  const texts = Object.entries(labels).map(([key, label]) => {
    if (key === '') return UNFINISHED
    return typeof label === 'string' ? words.has(key, label) : words.is(key, testText(testOf(label), words))
  })
  return joined(texts, words.and)
}

/** Which instances a target holds. */
function targetText({ name, labels = {} }: Target, words: Words): string {
  const text = labelsText(labels, words)
  const group = text ? words.instancesWith(text) : words.everyInstance
  return name ? words.named(name, group) : group
}

/** The same in a word or two. */
export function targetBrief({ name, labels = {} }: Target, words: Words): string {
  return name || labelsText(labels, words) || words.everyInstance
}

/** Targets that are tried together, and the share of each; those that are tried first come first. */
export function groupsOf(targets: readonly Target[]): { target: Target; share: number }[][] {
  const priorities = [...new Set(targets.map(priorityOf))].toSorted((one, other) => one - other)
  return priorities.map((priority) => {
    const group = targets.filter((target) => priorityOf(target) === priority)
    const weights = group.map(weightOf)
    const parts = weights.every((weight) => weight === 0) ? weights : shares(weights)
    return group.map((target, index) => ({ target, share: parts[index] ?? 0 }))
  })
}

function targetsText(targets: readonly Target[], words: Words): string {
  const groups = groupsOf(targets).map((group) => {
    const [only, ...more] = group
    if (only && more.length === 0) return only.share === 0 ? words.share(0, targetText(only.target, words)) : words.goTo(targetText(only.target, words))
    return group.map(({ target, share }) => words.share(share, targetText(target, words))).join(words.comma)
  })
  return groups.join(words.elseTo)
}
