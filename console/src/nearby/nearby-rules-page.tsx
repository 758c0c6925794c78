import { getRouteApi } from '@tanstack/react-router'
import { useCallback } from 'react'
import type { NearbyRuleSpec } from '../api/client'
import { useText } from '../i18n/use-text'
import { CALLEE_TOKENS } from '../rule/filter'
import type { Rule } from '../rule/noun'
import { RulesPage } from '../rule/rules-page'
import { NEARBY } from './nearby'
import { nearbySentences } from './sentence'

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
      Summary={Summary}
    />
  )
}

function Summary({ rule }: { rule: Rule<NearbyRuleSpec> }) {
  const text = useText()
  return <p className="small">{nearbySentences(rule, text).join(' ')}</p>
}
