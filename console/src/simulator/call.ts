import type { components } from '../api/schema'

/** The kinds of facts that a call has many of, told apart by a name. */
export const KINDS = ['headers', 'query', 'cookies', 'labels', 'arguments'] as const
export type FactKind = (typeof KINDS)[number]

export interface NamedFact {
  kind: FactKind
  name: string
  value: string
}

/** A call to try out, and what to try it with, as it is typed. */
export interface Call {
  /** `namespace/service`, the first slash between them; the namespace may be left out. */
  to: string
  from: string
  method: string
  path: string
  ip: string
  region: string
  zone: string
  campus: string
  /** Ids of instances, with spaces between them. */
  exclude: string
  facts: NamedFact[]
  seed: string
  /** A rule that is not there yet, as JSON. */
  draft: string
  /** The id of the instance of which is asked why it does, or does not, get the call. */
  instance: string
}

const TEXTS = ['to', 'from', 'method', 'path', 'ip', 'region', 'zone', 'campus', 'exclude', 'seed', 'draft', 'instance'] as const
export type TextKey = (typeof TEXTS)[number]

/** The parameters of the address that say what is simulated. */
export const SIMULATOR_KEYS = [...TEXTS, ...KINDS] as const
export type SimulatorSearch = Partial<Record<(typeof SIMULATOR_KEYS)[number], string>>

export const NO_CALL: Call = {
  to: '',
  from: '',
  method: '',
  path: '',
  ip: '',
  region: '',
  zone: '',
  campus: '',
  exclude: '',
  facts: [],
  seed: '',
  draft: '',
  instance: '',
}

/** The call that an address tells of. */
export function callOf(search: SimulatorSearch): Call {
  const texts = Object.fromEntries(TEXTS.map((key) => [key, search[key] ?? ''])) as Record<TextKey, string>
  const facts = KINDS.flatMap((kind) =>
    [...new URLSearchParams(search[kind] ?? '')].map(([name, value]): NamedFact => ({ kind, name, value })),
  )
  return { ...texts, facts }
}

/** What an address says of a call: facts without a name are not yet part of it. */
export function searchOf(call: Call): SimulatorSearch {
  const search: SimulatorSearch = {}
  for (const key of TEXTS) if (call[key]) search[key] = call[key]
  for (const kind of KINDS) {
    const entries = call.facts.filter((fact) => fact.kind === kind && fact.name !== '')
    const pairs = entries.map(({ name, value }) => [name, value])
    if (pairs.length > 0) search[kind] = new URLSearchParams(pairs).toString()
  }
  return search
}

/** A service by its namespace and name, as one text. */
export const serviceText = (namespace: string, name: string) => `${namespace}/${name}`

/** The service that a text means; none if it is empty. */
export function serviceOf(text: string, otherwise: string): { namespace: string; service: string } | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  const slash = trimmed.indexOf('/')
  if (slash < 0) return { namespace: otherwise, service: trimmed }
  return { namespace: trimmed.slice(0, slash), service: trimmed.slice(slash + 1) }
}

export type CallDocument = components['schemas']['CallRequest']
type Place = components['schemas']['Location']

/** The facts of a kind that have a name; none if there are none. Of one given twice the last counts: of headers, in any case. */
export function entriesOf(facts: readonly NamedFact[], kind: FactKind): Record<string, string> | undefined {
  const some = facts.filter((fact) => fact.kind === kind && fact.name !== '')
  const entries = new Map(some.map(({ name, value }) => [kind === 'headers' ? name.toLowerCase() : name, [name, value] as const]))
  return entries.size > 0 ? Object.fromEntries(entries.values()) : undefined
}

/** What the API is asked; nothing if it is not said who is called. */
export function requestOf(call: Call, namespace: string): CallDocument | undefined {
  const to = serviceOf(call.to, namespace)
  if (!to || to.service === '') return undefined
  const entries = (kind: FactKind) => entriesOf(call.facts, kind)
  const location = given({ region: call.region.trim(), zone: call.zone.trim(), campus: call.campus.trim() }) as Place
  const from = {
    ...serviceOf(call.from, namespace),
    ...given({ metadata: entries('labels'), ip: call.ip.trim() }),
    ...(Object.keys(location).length > 0 ? { location } : {}),
  }
  const exclude = call.exclude.split(/[\s,]+/).filter((id) => id !== '')
  return {
    ...(Object.keys(from).length > 0 ? { from } : {}),
    to,
    ...given({ method: call.method.trim(), path: call.path.trim() }),
    ...given({ headers: entries('headers'), query: entries('query') }),
    ...given({ cookies: entries('cookies'), arguments: entries('arguments') }),
    ...(exclude.length > 0 ? { exclude } : {}),
  }
}

/** The entries that say something. */
function given<Value>(entries: Record<string, Value | undefined>): Record<string, Value> {
  const said = Object.entries(entries).filter(([, value]) => value !== undefined && value !== '')
  return Object.fromEntries(said) as Record<string, Value>
}

/** The kinds, by how conditions call them. */
export const KIND_OF: Record<string, FactKind> = {
  header: 'headers',
  query: 'query',
  cookie: 'cookies',
  caller_metadata: 'labels',
  argument: 'arguments',
}

/** The call with a fact as a condition names it, such as `header.x-user` or `path`, set to a value. */
export function withFact(call: Call, fact: string, value: string): Call {
  const dot = fact.indexOf('.')
  const kind = dot < 0 ? undefined : KIND_OF[fact.slice(0, dot)]
  if (kind !== undefined) {
    const name = fact.slice(dot + 1)
    const isSame = (one: NamedFact) =>
      one.kind === kind && (kind === 'headers' ? one.name.toLowerCase() === name : one.name === name)
    const others = call.facts.filter((one) => !isSame(one))
    return { ...call, facts: [...others, { kind, name, value }] }
  }
  const { namespace = 'default', service = '' } = serviceOf(call.from, 'default') ?? {}
  if (fact === 'caller_service') return { ...call, from: serviceText(namespace, value) }
  if (fact === 'caller_namespace') return { ...call, from: serviceText(value, service) }
  if (fact === 'caller_ip') return { ...call, ip: value }
  if (fact === 'method' || fact === 'path') return { ...call, [fact]: value }
  return call
}
