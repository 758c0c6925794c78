import type { WarningCode, WarningOf } from '../api/client'

/** What is said of warnings beside their titles, in English, which is what the control plane says it in. */

type Warnings = { [Code in WarningCode]: (reason: WarningOf<Code>, said: string) => string }

const asSaid = (_reason: unknown, said: string) => said

export const warnings = {
  branch_never_matches: asSaid,
  branch_unreachable: asSaid,
  branch_shadowed: asSaid,
  regex_matches_everything: asSaid,
  equal_priority: asSaid,
  rule_unreachable: asSaid,
  rule_never_matches: asSaid,
  limit_never_reached: asSaid,
  target_without_instances: asSaid,
  target_without_usable_instances: asSaid,
  callee_without_instances: asSaid,
  target_repeated: asSaid,
  weight_not_as_named: asSaid,
  weights_not_hundred: asSaid,
} satisfies Warnings as Warnings
