import type { CommonSpec, Stamp } from './noun'

/** What a service is to a rule: the one that is called, one of all that are called, or one that calls. */
export type Role = 'callee' | 'any' | 'caller'

interface Named {
  namespace: string
  service: string
}

/** What a service is to a rule; nothing if the rule is not about it. */
export function rolesOf({ namespace, callee, caller }: Pick<Stamp, 'namespace'> & Pick<CommonSpec, 'callee' | 'caller'>, service: Named): Role[] {
  const isThere = (of: string) => of === '*' || of === service.namespace
  const roles: Role[] = []
  if (isThere(callee.namespace ?? namespace)) {
    if (callee.service === service.service) roles.push('callee')
    if (callee.service === '*') roles.push('any')
  }
  if (caller?.service === service.service && isThere(caller.namespace ?? '*')) roles.push('caller')
  return roles
}
