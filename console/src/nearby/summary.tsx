import type { NearbyRuleSpec } from '../api/client'
import { useText } from '../i18n/use-text'
import type { Rule } from '../rule/noun'
import { nearbySentences } from './sentence'

/** What a nearby rule does, in a few sentences. */
export function NearbySummary({ rule }: { rule: Rule<NearbyRuleSpec> }) {
  const text = useText()
  return <p className="small">{nearbySentences(rule, text).join(' ')}</p>
}
