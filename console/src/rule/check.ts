import { api, must, type FailedTest, type Page, type RuleKind, type RuleWarning, type TestReport } from '../api/client'
import { isNamespaceName } from '../api/name'
import type { Refused } from '../api/problem'
import { pathFor } from './api'
import type { CommonSpec, Noun, Rule } from './noun'
import type { Draft } from './use-rule-form'

/*
 * What the control plane says of a rule while it is written. It answers 200 whatever it finds, so that a
 * half-typed rule is no error to the browser.
 */

/** Something that keeps a rule from being written, at a place of it. */
export interface PlacedFault extends Refused {
  place: string
}

/** What there is to say about a draft. */
export interface Check {
  refused: PlacedFault[]
  /** There is a rule of the name that the draft of a new one has. */
  isTaken: boolean
  warnings: RuleWarning[]
  /** The tests of the rule itself, by their places in it. */
  tests: TestReport[]
  /** Tests of other rules that pass now, and would fail. */
  broken: FailedTest[]
}

const KINDS: Record<RuleKind, 'RoutingRule' | 'NearbyRule' | 'RateLimitRule'> = {
  routing_rule: 'RoutingRule',
  nearby_rule: 'NearbyRule',
  rate_limit_rule: 'RateLimitRule',
}

/** The name under which a rule without one is looked at. */
const NAMELESS = 'unnamed'

/** The place in a rule of a place in its document; its name and namespace are fields beside its own. */
const placeIn = (path: string) => path.replace(/^\/(?:spec|metadata(?=\/name(?:space)?$))/, '')

/** Asks what there is to say about a draft. */
export async function check<Spec extends CommonSpec>(noun: Noun<Spec>, draft: Draft<Spec>, signal: AbortSignal): Promise<Check> {
  const { namespace, name, spec } = draft
  const document = { kind: KINDS[noun.kind], metadata: { namespace, name: name || NAMELESS }, spec }
  const asked = must(api.POST('/api/v1/analyze', { body: { documents: [document as never] }, signal }))
  const [{ documents: [report], broken_tests: broken }, isTaken] = await Promise.all([asked, isThere(noun, draft, signal)])
  return {
    refused: (report?.errors ?? []).map(({ path, message, reason }) => ({ place: placeIn(path), detail: message, ...(reason ? { reason } : {}) })),
    isTaken,
    warnings: (report?.warnings ?? []).map((warning) => ({ ...warning, path: placeIn(warning.path) })),
    tests: (report?.tests ?? []).map((test) => ({ ...test, path: placeIn(test.path) })),
    broken,
  }
}

/** Whether a new rule would have the name of one that there is. */
async function isThere<Spec extends CommonSpec>({ collection }: Noun<Spec>, { namespace, name, base }: Draft<Spec>, signal: AbortSignal) {
  // What has no namespace is refused anyway.
  if (base || !isNamespaceName(namespace)) return false
  const query = { namespace, name, page_size: 1 }
  const path = pathFor('/api/v1/routing-rules', collection)
  const found = (await must(api.GET(path, { params: { query }, signal }))) as unknown as Page<Rule<Spec>>
  return found.items.length > 0
}
