import { Problem } from '../api/problem'
import type { Dictionary } from '../i18n/en'
import { toldFault } from '../i18n/told'
import { KINDS } from './call'

const PLACES: [RegExp, string][] = [
  [/^\/request\/to/, 'to'],
  [/^\/request\/from\/ip/, 'ip'],
  [/^\/request\/from\/location\/region/, 'region'],
  [/^\/request\/from\/location\/zone/, 'zone'],
  [/^\/request\/from\/location\/campus/, 'campus'],
  [/^\/request\/from\/metadata/, 'labels'],
  [/^\/request\/from/, 'from'],
  [/^\/request\/exclude/, 'exclude'],
  [/^\/request\/method/, 'method'],
  [/^\/request\/path/, 'path'],
  [/^\/sequence\/calls/, 'calls'],
  [/^\/sequence\/over_ms/, 'over_ms'],
  [/^\/sequence\/instances/, 'instances'],
  [/^\/draft/, 'draft'],
  ...KINDS.map((kind): [RegExp, string] => [new RegExp(`^/request/${kind}`), kind]),
]

/** What was refused, by the field of the form that it was said in. */
export function faultsOf(error: unknown, text: Dictionary): Record<string, string> {
  if (!(error instanceof Problem)) return {}
  const faults: Record<string, string> = {}
  for (const fault of error.body.errors ?? []) {
    const { pointer = '' } = fault
    const told = toldFault(fault, text)
    const field = PLACES.find(([place]) => place.test(pointer))?.[1]
    // In a draft, and among many facts, the place says which one is meant.
    const rest = pointer.split('/').slice(field === 'draft' ? 2 : 3).join('/')
    const isWithin = rest !== '' && (field === 'draft' || KINDS.some((kind) => kind === field))
    if (field) faults[field] ??= isWithin ? `${rest}: ${told}` : told
  }
  return faults
}
