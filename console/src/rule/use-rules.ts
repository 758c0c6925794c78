import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Parsed } from '../search/tokens'
import { useScope } from '../shell/scope'
import { searchedRulesQuery } from './api'
import { rulesFilter } from './filter'
import type { CommonSpec, Listed, Noun } from './noun'

const PAGE_SIZE = 50

export type Rules<Spec extends CommonSpec> =
  | { is: 'loading' }
  /** The search says nothing that could be asked, and there is nothing from before. */
  | { is: 'faulty' }
  | { is: 'failed'; error: unknown; retry: () => void }
  | { is: 'there'; rules: Listed<Spec>[]; isStale: boolean; more: (() => void) | undefined; isReading: boolean }

/** The rules of the chosen namespace or of all that a search finds, in the order in which they are tried, as far as they were read. */
export function useRules<Spec extends CommonSpec>(noun: Noun<Spec>, parsed: Parsed): Rules<Spec> {
  const { namespace, asOf } = useScope()
  const query = { ...rulesFilter(parsed), namespace, as_of: asOf, page_size: PAGE_SIZE }
  const isMeant = parsed.faults.length === 0
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage, isPlaceholderData } = useInfiniteQuery({
    ...searchedRulesQuery<Spec>(noun.collection, query),
    enabled: isMeant,
  })
  const rules = useMemo(() => data?.pages.flatMap(({ items }) => items), [data])
  if (error && !data) return { is: 'failed', error, retry: () => void refetch() }
  if (!rules) return { is: isMeant ? 'loading' : 'faulty' }
  return {
    is: 'there',
    rules,
    isStale: isPlaceholderData,
    more: hasNextPage ? () => void fetchNextPage() : undefined,
    isReading: isFetchingNextPage,
  }
}
