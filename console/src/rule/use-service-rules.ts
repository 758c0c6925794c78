import { useQuery } from '@tanstack/react-query'
import { isServiceKey } from '../api/name'
import { useScope } from '../shell/scope'
import { aboutServiceQuery } from './api'
import type { CommonSpec, Noun, Rule } from './noun'
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
  const query = aboutServiceQuery<Spec>(noun.collection, service?.namespace ?? '', service?.service ?? '', asOf)
  const { data, error, refetch } = useQuery({ ...query, enabled: service !== undefined && isServiceKey(service) })
  const touching = (rule: Rule<Spec>) => {
    const roles = service ? rolesOf(rule, service) : []
    return roles.length > 0 ? [{ rule, roles }] : []
  }
  return {
    ...(data && service ? { rules: data.flatMap(touching) } : {}),
    error: data ? undefined : (error ?? undefined),
    retry: () => void refetch(),
  }
}
