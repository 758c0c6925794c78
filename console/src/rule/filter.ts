import type { Reached } from '../api/client'
import { anywhere, type Parsed } from '../search/tokens'
import type { RulesQuery } from './api'

const STATUSES = ['applied', 'lagging', 'unapplied', 'unable', 'unused'] as const satisfies readonly Reached[]

/** The tokens that find rules of a kind that asks who calls. */
export const CALL_TOKENS = { caller: null, callee: null, enabled: ['true', 'false'], status: STATUSES, metadata: null } as const

/** The tokens that find rules of a kind that does not. */
export const CALLEE_TOKENS = { callee: null, enabled: ['true', 'false'], status: STATUSES, metadata: null } as const

/** What the API is asked for a search; a rule for every service is found by the name of any. */
export function rulesFilter({ word, values, metadata }: Parsed): RulesQuery {
  const { caller, callee, enabled, status } = values
  return {
    ...(word ? { name: anywhere(word) } : {}),
    ...(caller ? { caller: anywhere(caller) } : {}),
    ...(callee ? { callee: anywhere(callee) } : {}),
    ...(enabled ? { enabled: enabled === 'true' } : {}),
    ...(status ? { status: status as NonNullable<RulesQuery['status']> } : {}),
    ...(metadata.length > 0 ? { metadata } : {}),
  }
}
