import { getRouteApi } from '@tanstack/react-router'
import { useCallback } from 'react'
import { CALL_TOKENS } from '../rule/filter'
import { RulesPage } from '../rule/rules-page'
import { ROUTING } from './routing'
import { RoutingSummary } from './summary'

const route = getRouteApi('/routing-rules')

export function RoutingRulesPage() {
  const { q = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const search = useCallback(
    (next: string) => void navigate({ search: (now) => ({ ...now, q: next || undefined }), replace: true }),
    [navigate],
  )
  return (
    <RulesPage
      noun={ROUTING}
      q={q}
      onSearch={search}
      grammar={CALL_TOKENS}
      example="callee:micro-order enabled:true"
      Summary={RoutingSummary}
    />
  )
}
