import type { NearbyRuleSpec } from '../api/client'
import { useText } from '../i18n/use-text'
import { Neighbours } from '../rule/neighbours'
import { Lagging } from '../rule/status'
import type { RuleForm } from '../rule/use-rule-form'
import { useScope } from '../shell/scope'
import { Panel } from '../ui/page'
import { NEARBY } from './nearby'
import { nearbySentences } from './sentence'

/** What a nearby rule means: in sentences, among its neighbours, and for those who obey it. */
export function NearbyAside({ form }: { form: RuleForm<NearbyRuleSpec> }) {
  const text = useText()
  const { asOf } = useScope()
  const { spec, base } = form.draft
  return (
    <>
      <Panel title={text.rules.inWords}>
        <div className="sentences">
          {NEARBY.isShaped(spec) && nearbySentences(spec, text).map((sentence) => <p key={sentence}>{sentence}</p>)}
        </div>
      </Panel>
      <Panel title={text.rules.order}>
        <p className="muted small note">{text.nearby.orderHint}</p>
        <Neighbours noun={NEARBY} draft={form.draft} />
      </Panel>
      {base && asOf === undefined && (
        <Panel title={text.rules.appliedTitle}>
          <Lagging collection={NEARBY.collection} rule={base} />
        </Panel>
      )}
    </>
  )
}
