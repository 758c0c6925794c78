import { getRouteApi } from '@tanstack/react-router'
import { RulePage } from '../rule/rule-page'
import { RoutingAside } from './aside'
import { KnownRoutingFields } from './kept-test'
import { ROUTING } from './routing'

const route = getRouteApi('/routing-rules/$namespace/$rule')

export function RoutingRulePage() {
  const { namespace, rule } = route.useParams()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <RulePage
      key={`${namespace}/${rule}`}
      noun={ROUTING}
      id={{ namespace, name: rule }}
      search={search}
      go={(change) => void navigate({ search: (now) => ({ ...now, ...change }), replace: true })}
      Fields={KnownRoutingFields}
      Aside={RoutingAside}
    />
  )
}
