import { getRouteApi } from '@tanstack/react-router'
import { useEffect, useEffectEvent } from 'react'
import type { RoutingRuleSpec } from '../api/client'
import { goTo } from '../rule/faults'
import type { RuleForm } from '../rule/use-rule-form'
import { RoutingFields } from './rule-fields'
import { testOf } from './rule-tests'

const route = getRouteApi('/routing-rules/$namespace/$rule')

/** The fields of a rule that there is, with the test that the address brings from the simulator. */
export function KnownRoutingFields({ form }: { form: RuleForm<RoutingRuleSpec> }) {
  const { test } = route.useSearch()
  const navigate = route.useNavigate()
  const take = useEffectEvent((text: string) => {
    const kept = testOf(text)
    const tests = form.draft.spec.tests ?? []
    // The address says it once, so that going back or reloading does not add it again.
    void navigate({ search: (now) => ({ ...now, test: undefined }), replace: true })
    if (!kept) return
    form.set({ tests: [...tests, kept] })
    requestAnimationFrame(() => goTo(`/tests/${tests.length}`))
  })
  useEffect(() => {
    if (test !== undefined) take(test)
  }, [test])
  return <RoutingFields form={form} />
}
