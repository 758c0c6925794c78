import type { RateLimitRuleSpec } from '../api/client'
import { useText } from '../i18n/use-text'
import type { Rule } from '../rule/noun'
import { amountsText, callsText } from './sentence'

/** Which calls a rule counts, and how many of them pass, in two lines. */
export function LimitSummary({ rule }: { rule: Rule<RateLimitRuleSpec> }) {
  const text = useText()
  const { callee, scope = 'local' } = rule
  const calls = callsText(rule, text)
  return (
    <>
      <div className="row wrap call">
        <strong>{callee.service === '*' ? text.sentence.anyService : callee.service}</strong>
        <span className="badge">{text.limits.scopes[scope].name}</span>
      </div>
      <p className="small">
        <strong className="num">{amountsText(rule, text)}</strong>
        {calls && <span className="muted"> {text.limits.whereCalls(calls)}</span>}
      </p>
    </>
  )
}
