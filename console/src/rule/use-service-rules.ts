import { useQueries, useQuery } from '@tanstack/react-query'
import { namespaceChoices } from '../namespaces/queries'
import { useScope } from '../shell/scope'
import { rulesQuery } from './api'
import type { CommonSpec, Noun, Rule } from './noun'
import { compareRules } from './order'
import { type Role, rolesOf } from './roles'

export interface Touching<Spec extends CommonSpec> {
  rule: Rule<Spec>
  roles: Role[]
}

interface ServiceRules<Spec extends CommonSpec> {
  /** Absent until all are read. */
  rules?: Touching<Spec>[]
  error: unknown
  retry: () => void
}

/** The rules of a kind, of whatever namespace, that are about a service, in the order in which they are tried. */
export function useServiceRules<Spec extends CommonSpec>(noun: Noun<Spec>, service: { namespace: string; service: string } | undefined): ServiceRules<Spec> {
  const { asOf } = useScope()
  const known = useQuery({ ...namespaceChoices, enabled: service !== undefined })
  const names = service ? (known.data?.items ?? []).map(({ name }) => name) : []
  const lists = useQueries({ queries: names.map((name) => rulesQuery<Spec>(noun.collection, name, asOf)) })
  const failed = known.error && !known.data ? known : lists.find(({ error, data }) => error && !data)
  const isRead = known.data !== undefined && lists.every(({ data }) => data !== undefined)
  const touching = (rule: Rule<Spec>) => {
    const roles = service ? rolesOf(rule, service) : []
    return roles.length > 0 ? [{ rule, roles }] : []
  }
  return {
    ...(isRead ? { rules: lists.flatMap(({ data = [] }) => data).toSorted(compareRules).flatMap(touching) } : {}),
    error: failed?.error,
    retry: () => void failed?.refetch(),
  }
}
