import { useQueries, useQuery } from '@tanstack/react-query'
import { namespaceChoices } from '../namespaces/queries'
import { useScope } from '../shell/scope'
import { rulesQuery } from './api'
import type { CommonSpec, Noun, Rule } from './noun'
import { compareRules } from './order'

/** As many namespaces as are read at once. */
const MOST_NAMESPACES = 50

export type Rules<Spec extends CommonSpec> =
  | { is: 'loading' }
  | { is: 'failed'; error: unknown; retry: () => void }
  /** There are so many namespaces that one must be chosen. */
  | { is: 'choose' }
  | { is: 'there'; rules: Rule<Spec>[] }

/** The rules of the chosen namespace or of all, in the order in which they are tried; read only while they are wanted. */
export function useRules<Spec extends CommonSpec>(noun: Noun<Spec>, isWanted = true): Rules<Spec> {
  const { namespace, asOf } = useScope()
  const known = useQuery({ ...namespaceChoices, enabled: isWanted && namespace === undefined })
  const names = namespace === undefined ? (known.data?.items.map(({ name }) => name) ?? []) : [namespace]
  const isTooMany = names.length > MOST_NAMESPACES
  const lists = useQueries({
    queries: isTooMany || !isWanted ? [] : names.map((name) => rulesQuery<Spec>(noun.collection, name, asOf)),
  })
  if (!isWanted) return { is: 'loading' }
  if (isTooMany) return { is: 'choose' }
  const failed = namespace === undefined && known.error && !known.data ? known : lists.find(({ error, data }) => error && !data)
  if (failed) return { is: 'failed', error: failed.error, retry: () => void failed.refetch() }
  if (namespace === undefined && !known.data) return { is: 'loading' }
  if (lists.some(({ data }) => data === undefined)) return { is: 'loading' }
  return { is: 'there', rules: lists.flatMap(({ data = [] }) => data).toSorted(compareRules) }
}
