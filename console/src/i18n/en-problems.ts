import type { ObstacleCode, ObstacleOf, ProblemCode, ReasonCode, ReasonOf } from '../api/problem'

/** The words of refusals in English, which is what the control plane says them in. */

type Codes = Record<ProblemCode, (said: string) => string>
type Obstacles = { [Code in ObstacleCode]: (obstacle: ObstacleOf<Code>, said: string) => string }
type Reasons = { [Code in ReasonCode]: (reason: ReasonOf<Code>, said: string) => string }

const asSaid = (said: string) => said
const asSaidOf = (_reason: unknown, said: string) => said

export const problems = {
  /** Between what is refused at several places. */
  semicolon: '; ',
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
  obstacles: {
    not_found: asSaidOf,
    exists: asSaidOf,
    has_instances: asSaidOf,
    not_empty: asSaidOf,
  } satisfies Obstacles as Obstacles,
  reasons: {
    missing: asSaidOf,
    too_long: asSaidOf,
    bad_character: asSaidOf,
    out_of_range: asSaidOf,
    too_many: asSaidOf,
    malformed: asSaidOf,
    unknown_field: asSaidOf,
    field_repeated: asSaidOf,
    key_repeated: asSaidOf,
    value_repeated: asSaidOf,
    name_repeated: asSaidOf,
    one_of_required: asSaidOf,
    both_given: asSaidOf,
    empty: asSaidOf,
    empty_key: asSaidOf,
    not_taken: asSaidOf,
    no_keys: asSaidOf,
    not_operand: asSaidOf,
    bounds_reversed: asSaidOf,
    levels_reversed: asSaidOf,
    no_weight: asSaidOf,
    header_repeated: asSaidOf,
    plays_no_part: asSaidOf,
    health_of_beating: asSaidOf,
    wrong_type: asSaidOf,
    not_count: asSaidOf,
    number_too_large: asSaidOf,
    future_time: asSaidOf,
    future_revision: asSaidOf,
    not_known_then: asSaidOf,
    bad_pattern: asSaidOf,
    pattern_not_supported: asSaidOf,
    pattern_too_large: asSaidOf,
    too_many_patterns: asSaidOf,
    too_many_compared: asSaidOf,
    window_repeated: asSaidOf,
    amount_never_reached: asSaidOf,
    too_fast: asSaidOf,
    burst_too_large: asSaidOf,
    bad_header_name: asSaidOf,
    framing_header: asSaidOf,
    method_as_argument: asSaidOf,
  } satisfies Reasons as Reasons,
}
