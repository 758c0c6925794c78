import type { components } from '../api/schema'

type Schemas = components['schemas']
export type Explanation = Schemas['Simulation']
export type Check = Schemas['RouteCheck']
export type Why = Schemas['RouteDropped']['why']
export type Group = Schemas['RouteGroup']
export type TargetStep = Schemas['RouteTargetStep']
type LabelTest = Schemas['LabelTest']

/** A branch that was looked at, and what came of it. */
export interface BranchStory {
  step: Schemas['RouteBranchStep']
  targets: TargetStep[]
  /** Whether it had unhealthy instances only, and took those. */
  hasSuspects: boolean
  /** What was done because it had no instance. */
  whenEmpty?: Schemas['WhenEmpty']
  isDecisive: boolean
}

/** A rule that was looked at, and what came of it. */
export interface RuleStory {
  step: Schemas['RouteRuleStep']
  branches: BranchStory[]
  otherwise?: Schemas['Otherwise']
  isDecisive: boolean
}

/** An explanation as people read it: rule by rule, with the branches of each. */
export interface Story {
  rules: RuleStory[]
  /** Rules that are not enabled. */
  disabled: string[]
  /** Every instance of the callee, where no branch decided among its targets. */
  all?: Group
}

export function storyOf({ steps, decided_by: decidedBy }: Explanation): Story {
  const story: Story = { rules: [], disabled: [] }
  for (const step of steps) {
    const rule = story.rules.at(-1)
    const branch = rule?.branches.at(-1)
    switch (step.stage) {
      case 'disabled':
        story.disabled.push(step.rule)
        break
      case 'rule':
        story.rules.push({ step, branches: [], isDecisive: step.rule === decidedBy })
        break
      case 'branch':
        rule?.branches.push({ step, targets: [], hasSuspects: false, isDecisive: step.branch === decidedBy })
        break
      case 'target':
        branch?.targets.push(step)
        break
      case 'suspects':
        if (branch) branch.hasSuspects = true
        break
      case 'empty':
        if (branch) branch.whenEmpty = step.then
        break
      case 'otherwise':
        if (rule) rule.otherwise = step.then
        break
      case 'all_instances':
        story.all = step
        break
    }
  }
  return story
}

/** The branch that decided, or that let all instances take the call. */
export function decisiveBranch({ rules }: Story): BranchStory | undefined {
  const branches = rules.flatMap((rule) => rule.branches)
  return branches.find((branch) => branch.isDecisive || branch.whenEmpty === 'all_instances')
}

/** Whether the call may go to unhealthy instances, because too few are healthy. */
export function hasSuspects(story: Story): boolean {
  if (story.all) return story.all.is_protected
  const branch = decisiveBranch(story)
  return branch !== undefined && (branch.hasSuspects || branch.targets.some((one) => one.candidates > 0 && one.is_protected))
}

/** A rule or branch by the parts of its name, `namespace/rule[branch]`. */
export function placeOf(text: string): { namespace: string; name: string; branch?: number } {
  const [, namespace = '', name = '', branch] = /^([^/]*)\/(.*?)(?:\[(\d+)\])?$/.exec(text) ?? []
  return { namespace, name, ...(branch === undefined ? {} : { branch: Number(branch) }) }
}

/** An instance that may get the call, with what it gets of all such calls. */
export interface Share {
  id: string
  address: string
  version: string
  zone: string
  /** The targets that it is in. */
  targets: number[]
  /** 0 to 1. */
  expected: number
  /** How many of the draws gave it. */
  drawn: number
}

/** The candidates, each once, those with the largest shares first. */
export function sharesOf({ candidates, distribution = {} }: Explanation): Share[] {
  const shares = new Map<string, Share>()
  for (const { id, address, version, location, target, probability } of candidates) {
    const known = shares.get(id) ?? { id, address, version, zone: location.zone, targets: [], expected: 0, drawn: distribution[id] ?? 0 }
    known.expected += probability
    if (target !== undefined) known.targets.push(target)
    shares.set(id, known)
  }
  return [...shares.values()].toSorted((a, b) => b.expected - a.expected || a.id.localeCompare(b.id))
}

/** A label test as it is written in a rule, such as `v2` or `in v1, v2`. */
export function labelText(test: LabelTest): string {
  if (typeof test === 'string') return `= ${test}`
  const { op, value, values, min, max, fact } = test
  if (op === 'exact') return `= ${value ?? ''}`
  if (op === 'range') return `range ${min ?? ''}..=${max ?? ''}`
  const wanted = value ?? values?.join(', ') ?? (fact && [fact.on, fact.key].filter(Boolean).join('.'))
  return wanted === undefined ? op : `${op} ${wanted}`
}

/** Why an instance of the callee is, or is not, where the call goes. */
export type WhyNot =
  | { is: 'candidate'; share: number }
  | { is: 'dropped'; why: Why }
  | { is: 'other_labels'; branch: BranchStory }
  | { is: 'nobody' }

export function whyNot(id: string, explanation: Explanation): WhyNot {
  const share = sharesOf(explanation).find((one) => one.id === id)
  if (share) return { is: 'candidate', share: share.expected }
  const story = storyOf(explanation)
  const branch = decisiveBranch(story)
  const groups: Group[] = story.all ? [story.all] : (branch?.targets ?? [])
  const dropped = groups.flatMap((group) => group.dropped).find((one) => one.id === id)
  if (dropped) return { is: 'dropped', why: dropped.why }
  return branch && branch.targets.length > 0 && !story.all ? { is: 'other_labels', branch } : { is: 'nobody' }
}
