import type { components } from '../api/schema'

export type Draft = components['schemas']['Draft']

/** A draft as text: a document that names its rule. */
type Written = { name?: unknown; namespace?: unknown; spec?: unknown }

export type Parsed = { is: 'none' } | { is: 'draft'; draft: Draft } | { is: 'fault'; detail: string }

const STAMPS = ['name', 'namespace', 'revision', 'created_revision', 'created_at', 'modified_at', 'warnings', 'status']

/**
 * Reads a draft: `{namespace, name, spec}`, or a rule as the API and the editor write it.
 *
 * What the control plane checks is left to it; here a text must be JSON and an object.
 */
export function parseDraft(text: string, namespace: string): Parsed {
  if (text.trim() === '') return { is: 'none' }
  let written: Written
  try {
    written = JSON.parse(text) as Written
  } catch (cause) {
    return { is: 'fault', detail: cause instanceof Error ? cause.message : String(cause) }
  }
  if (typeof written !== 'object' || written === null || Array.isArray(written)) return { is: 'fault', detail: '{…}' }
  const name = typeof written.name === 'string' && written.name !== '' ? written.name : 'draft'
  const home = typeof written.namespace === 'string' ? written.namespace : namespace
  const spec = 'spec' in written ? written.spec : without(written, STAMPS)
  return { is: 'draft', draft: { namespace: home, name, spec: spec as Draft['spec'] } }
}

/** A rule as a draft to edit: what the control plane set is left out. */
export function draftText(rule: { namespace: string; name: string }): string {
  return JSON.stringify({ namespace: rule.namespace, name: rule.name, spec: without(rule, STAMPS) }, null, 2)
}

const without = (value: object, keys: string[]) =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)))
