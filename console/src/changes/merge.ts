import type { Change } from '../api/client'

/** A tail and pages of a log, newest first, each change once. */
export function merged(tail: Change[], pages: Change[]): Change[] {
  const newest = pages[0]?.revision ?? 0
  const newer = tail.filter(({ revision }) => revision > newest)
  return [...newer, ...pages]
}
