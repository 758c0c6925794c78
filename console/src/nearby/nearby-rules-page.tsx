import { getRouteApi } from '@tanstack/react-router'
import { useCallback } from 'react'
import { CALLEE_TOKENS } from '../rule/filter'
import { RulesPage } from '../rule/rules-page'
import { NEARBY } from './nearby'
import { NearbySummary } from './summary'

const route = getRouteApi('/nearby-rules')

export function NearbyRulesPage() {
  const { q = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const search = useCallback(
    (next: string) => void navigate({ search: (now) => ({ ...now, q: next || undefined }), replace: true }),
    [navigate],
  )
  return (
    <RulesPage
      noun={NEARBY}
      q={q}
      onSearch={search}
      grammar={CALLEE_TOKENS}
      example="callee:micro-order enabled:true"
      Summary={NearbySummary}
    />
  )
}
