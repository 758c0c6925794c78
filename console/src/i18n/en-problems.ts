import type { ProblemCode, ReasonCode, ReasonOf } from '../api/problem'

/** The words of refusals in English, which is what the control plane says them in. */

type Codes = Record<ProblemCode, (said: string) => string>
type Reasons = { [Code in ReasonCode]: (reason: ReasonOf<Code>, said: string) => string }

const asSaid = (said: string) => said
const asSaidOf = (_reason: unknown, said: string) => said

export const problems = {
  codes: {
    invalid_argument: asSaid,
    not_found: asSaid,
    no_such_path: asSaid,
    method_not_allowed: asSaid,
    request_timeout: asSaid,
    conflict: asSaid,
    gone: asSaid,
    precondition_failed: asSaid,
    precondition_required: asSaid,
    tests_failed: asSaid,
    payload_too_large: asSaid,
    unsupported_media_type: asSaid,
    internal: asSaid,
    unavailable: asSaid,
    timeout: asSaid,
  } satisfies Codes as Codes,
  reasons: {
    missing: asSaidOf,
    too_long: asSaidOf,
    bad_character: asSaidOf,
    out_of_range: asSaidOf,
    too_many: asSaidOf,
    malformed: asSaidOf,
    unknown_field: asSaidOf,
  } satisfies Reasons as Reasons,
}
