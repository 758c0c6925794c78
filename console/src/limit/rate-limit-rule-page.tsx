import { getRouteApi } from '@tanstack/react-router'
import { RulePage } from '../rule/rule-page'
import { LimitAside } from './aside'
import { LIMIT } from './limit'
import { LimitFields } from './limit-fields'
import { LimitUsage } from './usage'

const route = getRouteApi('/rate-limit-rules/$namespace/$rule')

export function RateLimitRulePage() {
  const { namespace, rule } = route.useParams()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <RulePage
      key={`${namespace}/${rule}`}
      noun={LIMIT}
      id={{ namespace, name: rule }}
      search={search}
      go={(change) => void navigate({ search: (now) => ({ ...now, ...change }), replace: true })}
      Fields={LimitFields}
      Aside={LimitAside}
      Usage={LimitUsage}
    />
  )
}
