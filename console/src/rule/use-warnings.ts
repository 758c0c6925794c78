import { useQuery } from '@tanstack/react-query'
import type { RuleWarning } from '../api/client'
import { isNamespaceName } from '../api/name'
import { useScope } from '../shell/scope'
import { warningsQuery } from './api'
import { type CommonSpec, keyOf, type Noun } from './noun'

/** What is probably not meant in the rules of a kind, by rule; nothing of the past is known. */
export function useWarnings<Spec extends CommonSpec>(noun: Noun<Spec>, namespace: string | undefined): ReadonlyMap<string, RuleWarning[]> {
  const { asOf } = useScope()
  const isKnown = asOf === undefined && (namespace === undefined || isNamespaceName(namespace))
  const { data = [] } = useQuery({ ...warningsQuery(noun.kind, namespace), enabled: isKnown })
  return new Map(isKnown ? data.map((rule) => [keyOf(rule), rule.warnings]) : [])
}
