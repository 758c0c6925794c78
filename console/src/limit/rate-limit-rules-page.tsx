import { getRouteApi } from '@tanstack/react-router'
import { useCallback } from 'react'
import { CALLEE_TOKENS } from '../rule/filter'
import { RulesPage } from '../rule/rules-page'
import { LIMIT } from './limit'
import { LimitSummary } from './summary'

const route = getRouteApi('/rate-limit-rules')

export function RateLimitRulesPage() {
  const { q = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const search = useCallback(
    (next: string) => void navigate({ search: (now) => ({ ...now, q: next || undefined }), replace: true }),
    [navigate],
  )
  return (
    <RulesPage
      noun={LIMIT}
      q={q}
      onSearch={search}
      grammar={CALLEE_TOKENS}
      example="callee:micro-order enabled:true"
      Summary={LimitSummary}
    />
  )
}
