import type { Refused } from './problem'

/** The longest names, in characters. */
const NAMESPACE_LIMIT = 64
const SERVICE_LIMIT = 128

const FOREIGN = /[^\w.:/-]/u
const NO_DOTS = 'a name: URLs cannot hold a path segment of dots alone'
const ALLOWED = 'letters, digits and . _ : / -'

/** Why a text is no name of up to as many characters, in the words of the control plane. */
function refusal(text: string, limit: number): Refused | undefined {
  const length = [...text].length
  if (length === 0) return { detail: 'must not be empty', reason: { code: 'missing' } }
  if (length > limit) return { detail: `${length} characters, at most ${limit} are allowed`, reason: { code: 'too_long', length, limit } }
  if (text === '.' || text === '..') return { detail: `${JSON.stringify(text)} is not ${NO_DOTS}`, reason: { code: 'malformed', form: 'name', value: text, expected: NO_DOTS } }
  const position = [...text].findIndex((character) => FOREIGN.test(character))
  const found = [...text][position]
  if (found === undefined) return undefined
  return { detail: `'${found}' at position ${position} is not allowed, use ${ALLOWED}`, reason: { code: 'bad_character', characters: 'name', found, position, allowed: ALLOWED } }
}

/** Whether a namespace can have a name, so that the control plane can be asked about it. */
export const isNamespaceName = (text: string) => refusal(text, NAMESPACE_LIMIT) === undefined

/** Why no service can have a name. */
export const serviceNameFault = (text: string) => refusal(text, SERVICE_LIMIT)

/** Whether there can be a service of a name in a namespace. */
export const isServiceKey = ({ namespace, service }: { namespace: string; service: string }) =>
  isNamespaceName(namespace) && serviceNameFault(service) === undefined
