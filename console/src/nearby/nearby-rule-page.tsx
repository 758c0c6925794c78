import { getRouteApi } from '@tanstack/react-router'
import { RulePage } from '../rule/rule-page'
import { NearbyAside } from './aside'
import { NEARBY } from './nearby'
import { NearbyFields } from './nearby-fields'

const route = getRouteApi('/nearby-rules/$namespace/$rule')

export function NearbyRulePage() {
  const { namespace, rule } = route.useParams()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <RulePage
      key={`${namespace}/${rule}`}
      noun={NEARBY}
      id={{ namespace, name: rule }}
      search={search}
      go={(change) => void navigate({ search: (now) => ({ ...now, ...change }), replace: true })}
      Fields={NearbyFields}
      Aside={NearbyAside}
    />
  )
}
