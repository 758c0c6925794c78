import type { RuleWarning } from '../api/client'
import { type ObstacleCode, type ObstacleOf, Problem, type Refused } from '../api/problem'
import type { Dictionary } from './en'

/** What is wrong with a part of a request, as far as that has usual words, or else as the control plane says it. */
export function toldFault({ detail, reason }: Refused, { problems }: Dictionary): string {
  if (!reason) return detail
  // Each code has the words for its own reason; the compiler does not follow one code through both.
  const words = problems.reasons[reason.code] as (reason: Refused['reason'], said: string) => string
  return words(reason, detail)
}

/** What is probably not meant, beside the title of its code; nothing where that says it all. */
export function toldWarning({ reason, message }: RuleWarning, { warnings }: Dictionary): string {
  // Each code has the words for its own reason; the compiler does not follow one code through both.
  const words = warnings[reason.code] as (reason: RuleWarning['reason'], said: string) => string
  return words(reason, message)
}

function toldObstacle(obstacle: ObstacleOf<ObstacleCode>, said: string, { problems }: Dictionary): string {
  // As above.
  const words = problems.obstacles[obstacle.code] as (obstacle: ObstacleOf<ObstacleCode>, said: string) => string
  return words(obstacle, said)
}

/** Why something was not done, in a sentence. */
export function told(error: unknown, text: Dictionary): string {
  if (!(error instanceof Problem)) return error instanceof Error ? error.message : String(error)
  if (error.isOffline) return text.states.offline
  const { code, errors = [], obstacle } = error.body
  if (code === undefined) return error.message
  const parts = errors.map((fault) => `${fault.pointer || fault.parameter || fault.header || '/'}: ${toldFault(fault, text)}`)
  if (parts.length > 0) return text.problems.codes[code](parts.join(text.problems.semicolon))
  return text.problems.codes[code](obstacle ? toldObstacle(obstacle, error.message, text) : error.message)
}

/** The first refusal of each field, by its name in the body; `metadata/env` belongs to `metadata`. */
export function toldByField({ body }: Problem, text: Dictionary): Record<string, string> {
  const faults: Record<string, string> = {}
  for (const fault of body.errors ?? []) {
    const field = fault.pointer?.split('/')[1]
    if (field) faults[field] ??= toldFault(fault, text)
  }
  return faults
}
