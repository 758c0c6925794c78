import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { isNamespaceName } from '../api/name'
import { useText } from '../i18n/use-text'
import { useScope } from '../shell/scope'
import { rulesQuery } from './api'
import { type CommonSpec, isEnabled, keyOf, type Noun, type Rule, type Stamp } from './noun'
import { compareRules } from './order'
import type { Draft } from './use-rule-form'

type Place = Pick<Stamp, 'namespace' | 'name'> & Pick<CommonSpec, 'priority' | 'callee' | 'enabled'>

/** Whether two rules may be for the same call, going by whom they are for. */
function mayMeet(one: Place, other: Place): boolean {
  const [first, second] = [one.callee.service, other.callee.service]
  const [here, there] = [one.callee.namespace ?? one.namespace, other.callee.namespace ?? other.namespace]
  return (first === '*' || second === '*' || first === second) && (here === '*' || there === '*' || here === there)
}

/** Where a rule as it is being written stands among those of its namespace for the same callee. */
export function Neighbours<Spec extends CommonSpec>({ noun, draft }: { noun: Noun<Spec>; draft: Draft<Spec> }) {
  const { rules: text } = useText()
  const { asOf } = useScope()
  const { data = [] } = useQuery({ ...rulesQuery<Spec>(noun.collection, draft.namespace, asOf), enabled: isNamespaceName(draft.namespace) })
  const own: Place = { namespace: draft.namespace, name: draft.name || text.thisRule, ...draft.spec }
  const others = data.filter((rule: Rule<Spec>) => keyOf(rule) !== keyOf(draft) && isEnabled(rule) && mayMeet(rule, own))
  const places = [own, ...others].toSorted(compareRules)
  return (
    <ol className="neighbours" aria-label={text.order}>
      {places.map((place) => (
        <li key={keyOf(place)} aria-current={place === own ? 'true' : undefined}>
          <span className="num muted">{place.priority ?? 0}</span>
          {place === own ? (
            <strong className="clip">{own.name}</strong>
          ) : (
            <Link className="clip" to={noun.one} params={{ namespace: place.namespace, rule: place.name }}>
              {place.name}
            </Link>
          )}
        </li>
      ))}
    </ol>
  )
}
