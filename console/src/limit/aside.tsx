import type { RateLimitRuleSpec } from '../api/client'
import { useText } from '../i18n/use-text'
import { Neighbours } from '../rule/neighbours'
import { Lagging } from '../rule/status'
import type { RuleForm } from '../rule/use-rule-form'
import { useScope } from '../shell/scope'
import { SimulateRule } from '../simulator/rule-link'
import { Panel } from '../ui/page'
import { LIMIT } from './limit'
import { limitSentences } from './sentence'

/** What a rate limit rule means: in sentences, beside others for the service, and for those who obey it. */
export function LimitAside({ form }: { form: RuleForm<RateLimitRuleSpec> }) {
  const text = useText()
  const { asOf } = useScope()
  const { spec, base } = form.draft
  return (
    <>
      <Panel title={text.rules.inWords}>
        <div className="sentences">
          {LIMIT.isShaped(spec) && limitSentences(spec, text).map((sentence) => <p key={sentence}>{sentence}</p>)}
        </div>
        <SimulateRule {...form.draft} isDraft={form.isNew || form.isDirty} to="/simulator/rate-limits" />
      </Panel>
      <Panel title={text.limits.beside}>
        <p className="muted small note">{text.limits.besideHint}</p>
        <Neighbours noun={LIMIT} draft={form.draft} />
      </Panel>
      {base && asOf === undefined && (
        <Panel title={text.rules.appliedTitle}>
          <Lagging collection={LIMIT.collection} rule={base} />
        </Panel>
      )}
    </>
  )
}
