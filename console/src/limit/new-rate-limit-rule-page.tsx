import { getRouteApi } from '@tanstack/react-router'
import { NewRule } from '../rule/new-rule'
import { LimitAside } from './aside'
import { LIMIT } from './limit'
import { LimitFields } from './limit-fields'

const route = getRouteApi('/rate-limit-rules/new')

export function NewRateLimitRulePage() {
  const { from, callee } = route.useSearch()
  return (
    <NewRule
      key={`${from} ${callee}`}
      noun={LIMIT}
      from={from}
      callee={callee}
      Fields={LimitFields}
      Aside={LimitAside}
    />
  )
}
