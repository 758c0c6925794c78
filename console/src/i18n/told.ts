import type { RuleWarning } from '../api/client'
import { type ObstacleCode, type ObstacleOf, Problem, type Refused } from '../api/problem'
import type { Dictionary } from './en'

/**
 * The words of a code, told of what has it; none for a code that the console does not know.
 *
 * A page that was opened before the control plane was upgraded may hear of newer ones. Each code has the words
 * for its own kind; the compiler does not follow one code through both.
 */
function wordsOf<Of>(words: object, code: string): ((of: Of, said: string) => string) | undefined {
  return Object.hasOwn(words, code) ? (words as Record<string, (of: Of, said: string) => string>)[code] : undefined
}

/** What is wrong with a part of a request, as far as that has usual words, or else as the control plane says it. */
export function toldFault({ detail, reason }: Refused, { problems }: Dictionary): string {
  return (reason && wordsOf<typeof reason>(problems.reasons, reason.code)?.(reason, detail)) ?? detail
}

/** What is probably not meant, beside the title of its code; nothing where that says it all. */
export function toldWarning({ reason, message }: RuleWarning, { warnings }: Dictionary): string {
  return wordsOf<typeof reason>(warnings, reason.code)?.(reason, message) ?? message
}

function toldObstacle(obstacle: ObstacleOf<ObstacleCode>, said: string, { problems }: Dictionary): string {
  return wordsOf<typeof obstacle>(problems.obstacles, obstacle.code)?.(obstacle, said) ?? said
}

/** Why something was not done, in a sentence. */
export function told(error: unknown, text: Dictionary): string {
  if (!(error instanceof Problem)) return error instanceof Error ? error.message : String(error)
  if (error.isOffline) return text.states.offline
  const { code, errors = [], obstacle } = error.body
  if (code === undefined) return error.message
  const parts = errors.map((fault) => `${fault.pointer || fault.parameter || fault.header || '/'}: ${toldFault(fault, text)}`)
  const inTheWay = obstacle ? toldObstacle(obstacle, error.message, text) : error.message
  const said = parts.length > 0 ? parts.join(text.problems.semicolon) : inTheWay
  return Object.hasOwn(text.problems.codes, code) ? text.problems.codes[code](said) : said
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
