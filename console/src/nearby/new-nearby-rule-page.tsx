import { getRouteApi } from '@tanstack/react-router'
import { NewRule } from '../rule/new-rule'
import { NearbyAside } from './aside'
import { NEARBY } from './nearby'
import { NearbyFields } from './nearby-fields'

const route = getRouteApi('/nearby-rules/new')

export function NewNearbyRulePage() {
  const { from, callee } = route.useSearch()
  return (
    <NewRule
      key={`${from} ${callee}`}
      noun={NEARBY}
      from={from}
      callee={callee}
      Fields={NearbyFields}
      Aside={NearbyAside}
    />
  )
}
