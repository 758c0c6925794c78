import type { CallDocument } from './call'
import type { Draft } from './draft'

/** What is simulated, for a body or a command. */
export interface Simulated {
  request: CallDocument
  draft?: Draft | undefined
  seed?: number
  draws?: number
}

/** A text as a shell takes it whole. */
const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** The command that asks the API the same. */
export function curlOf(origin: string, simulated: Simulated, asOf: string | undefined): string {
  const moment = asOf === undefined ? '' : `?as_of=${encodeURIComponent(asOf)}`
  const body = JSON.stringify(simulated, null, 2)
  return [
    `curl -s -X POST ${quoted(`${origin}/api/v1/simulate/route${moment}`)} \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d ${quoted(body)}`,
  ].join('\n')
}
