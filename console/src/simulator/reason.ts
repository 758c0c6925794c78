import type { Dictionary } from '../i18n/en'
import { type BranchStory, type Check, decisiveBranch, type Explanation, type Group, placeOf, storyOf, type Why } from './explanation'

type Words = Dictionary['simulator']

/** A condition in words, such as `header.x-user is one of 42, 43`. */
const conditionText = ({ fact, op, want }: Pick<Check, 'fact' | 'op' | 'want'>, text: Words) =>
  [fact, operatorText(op, text), want.join(', ')].filter(Boolean).join(' ')

export const operatorText = (op: string, text: Words) =>
  op in text.operators ? text.operators[op as keyof Words['operators']] : op

/** A branch by its name, or by its number if it has none. */
export const branchName = ({ step: { name, branch } }: BranchStory, text: Words) =>
  name || text.branchNumber((placeOf(branch).branch ?? 0) + 1)

const LEVELS = ['campus', 'zone', 'region', 'all'] as const

export const levelText = (level: string, text: Words) =>
  text.levels[LEVELS.find((one) => one === level) ?? 'all']

/** How many instances were left out for each reason. */
function droppedText(group: Pick<Group, 'dropped'>, text: Words): string {
  const counts = new Map<Why, number>()
  for (const { why } of group.dropped) counts.set(why, (counts.get(why) ?? 0) + 1)
  return [...counts].map(([why, count]) => text.countWhy(count, text.whys[why])).join(', ')
}

/** Why the call goes where it goes, in a sentence. */
export function reasonOf(explanation: Explanation, text: Words): string {
  const story = storyOf(explanation)
  const { decided_by: decidedBy, verdict } = explanation
  const rule = decidedBy === undefined ? '' : placeOf(decidedBy).name
  const branch = decisiveBranch(story)
  if (verdict === 'rejected') return branch ? text.branchRejects(branchName(branch, text), rule) : text.otherwiseRejects(rule)
  if (verdict === 'no_instance') {
    const dropped = story.all ? droppedText(story.all, text) : ''
    return dropped ? text.allDropped(dropped) : text.hasNone
  }
  if (!branch) return story.rules.length === 0 ? text.noRules : text.noRuleDecided
  const name = branchName(branch, text)
  if (branch.whenEmpty === 'all_instances') return text.branchEmpty(name, placeOf(branch.step.branch).name)
  const met = branch.step.conditions.filter(({ holds }) => holds).map((check) => conditionText(check, text))
  return met.length === 0 ? text.branchTakesAll(name, rule) : text.branchTakes(name, rule, met.join(text.and))
}

/** A value that meets a condition, if one is easily told. */
export function fitting({ op, want }: Pick<Check, 'op' | 'want'>): string | undefined {
  const [first = ''] = want
  if (op === 'exact' || op === 'in') return first
  if (op === 'range') return /^-?\d+/.exec(first)?.[0] ?? /-?\d+$/.exec(first)?.[0]
  return undefined
}

/** A share of calls, in percent. */
export function percent(share: number): string {
  const points = Math.round(1_000 * share) / 10
  return points === 0 && share > 0 ? '< 0.1 %' : `${points} %`
}
