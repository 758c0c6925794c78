import { describe, expect, it } from 'vitest'
import { en } from '../i18n/en'
import { decisiveBranch, type Explanation, labelText, placeOf, sharesOf, storyOf, whyNot } from './explanation'

const nowhere = { region: '', zone: '', campus: '' }
const group = { instances: 2, candidates: 1, is_protected: false, has_healthy: true }
const candidate = (id: string, target: number, probability: number) => ({
  id,
  address: `${id}:80`,
  version: 'v1',
  protocol: '',
  metadata: {},
  location: nowhere,
  target,
  probability,
})

/** A rule that is for others, then one whose second branch decides. */
const CANARY: Explanation = {
  verdict: 'routed',
  decided_by: 'default/canary[1]',
  picked: 'a',
  candidates: [candidate('b', 1, 0.3), candidate('a', 0, 0.35), candidate('b', 0, 0.35)],
  steps: [
    { stage: 'disabled', rule: 'default/off' },
    { stage: 'rule', rule: 'default/other', revision: 3, priority: 0, is_for_caller: false, conditions: [] },
    { stage: 'rule', rule: 'default/canary', revision: 4, priority: 1, is_for_caller: true, conditions: [] },
    { stage: 'branch', branch: 'default/canary[0]', name: 'vip', takes: true, join: 'always', conditions: [] },
    { stage: 'target', branch: 'default/canary[0]', target: 0, name: '', labels: {}, weight: 1, priority: 0, ...group, dropped: [] },
    // oxlint-disable-next-line unicorn/no-thenable -- what the API says
    { stage: 'empty', branch: 'default/canary[0]', then: 'next_branch' },
    { stage: 'branch', branch: 'default/canary[1]', name: '', takes: true, join: 'always', conditions: [] },
    {
      stage: 'target',
      branch: 'default/canary[1]',
      target: 0,
      name: 'stable',
      labels: { version: 'v1' },
      weight: 70,
      priority: 0,
      ...group,
      dropped: [{ id: 'c', address: 'c:80', why: 'isolated' }],
    },
  ],
  revisions: { instances: 9, routing_rules: 4, nearby_rule: null },
  distribution: { a: 341, b: 659 },
}

describe('storyOf', () => {
  it('tells rule by rule and branch by branch', () => {
    const story = storyOf(CANARY)
    expect(story.disabled).toEqual(['default/off'])
    expect(story.rules.map(({ step, branches }) => [step.rule, branches.length])).toEqual([
      ['default/other', 0],
      ['default/canary', 2],
    ])
    const [vip, rest] = story.rules[1]?.branches ?? []
    expect(vip).toMatchObject({ whenEmpty: 'next_branch', isDecisive: false })
    expect(rest).toMatchObject({ isDecisive: true, hasSuspects: false })
    expect(decisiveBranch(story)).toBe(rest)
  })

  it('tells of all instances where no rule decided', () => {
    const story = storyOf({ ...CANARY, decided_by: 'x', steps: [{ stage: 'all_instances', ...group, dropped: [] }] })
    expect(story.all?.instances).toBe(2)
    expect(decisiveBranch(story)).toBeUndefined()
  })
})

describe('sharesOf', () => {
  it('has each instance once, with all that it gets', () => {
    const shares = sharesOf(CANARY)
    expect(shares.map(({ id, drawn, targets }) => [id, drawn, targets])).toEqual([
      ['b', 659, [1, 0]],
      ['a', 341, [0]],
    ])
    expect(shares[0]?.expected).toBeCloseTo(0.65)
    expect(shares.reduce((sum, { expected }) => sum + expected, 0)).toBeCloseTo(1)
  })
})

describe('whyNot', () => {
  it('tells candidates, dropped ones and those with other labels apart', () => {
    expect(whyNot('a', CANARY)).toEqual({ is: 'candidate', share: 0.35 })
    expect(whyNot('c', CANARY)).toEqual({ is: 'dropped', why: 'isolated' })
    expect(whyNot('z', CANARY)).toMatchObject({ is: 'other_labels' })
    const rejected: Explanation = { ...CANARY, verdict: 'rejected', decided_by: 'default/other', candidates: [], steps: [] }
    expect(whyNot('z', rejected)).toEqual({ is: 'nobody' })
  })
})

describe('placeOf', () => {
  it('takes a name with slashes apart', () => {
    expect(placeOf('shop/a/b[12]')).toEqual({ namespace: 'shop', name: 'a/b', branch: 12 })
    expect(placeOf('shop/canary')).toEqual({ namespace: 'shop', name: 'canary' })
  })
})

describe('labelText', () => {
  it('writes every test', () => {
    expect(labelText('v2')).toBe('= v2')
    expect(labelText({ op: 'in', values: ['v1', 'v2'] })).toBe('in v1, v2')
    expect(labelText({ op: 'range', min: 1 })).toBe('range 1..=')
    expect(labelText({ op: 'present' })).toBe('present')
    expect(labelText({ op: 'same_as', fact: { on: 'header', key: 'zone' } })).toBe('same_as header.zone')
  })
})

it('calls a draft what was published at no revision', () => {
  expect(en.simulator.ruleFacts(10, 0)).toBe('priority 10 · draft')
  expect(en.simulator.ruleFacts(10, 7)).toBe('priority 10 · revision 7')
})
