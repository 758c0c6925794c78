import { getRouteApi } from '@tanstack/react-router'
import { NewRule } from '../rule/new-rule'
import { RoutingAside } from './aside'
import { ROUTING } from './routing'
import { RoutingFields } from './rule-fields'

const route = getRouteApi('/routing-rules/new')

export function NewRoutingRulePage() {
  const { from, callee } = route.useSearch()
  return (
    <NewRule
      key={`${from} ${callee}`}
      noun={ROUTING}
      from={from}
      callee={callee}
      Fields={RoutingFields}
      Aside={RoutingAside}
    />
  )
}
