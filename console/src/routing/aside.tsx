import type { RoutingRuleSpec } from '../api/client'
import { useText } from '../i18n/use-text'
import { Neighbours } from '../rule/neighbours'
import { Lagging } from '../rule/status'
import type { RuleForm } from '../rule/use-rule-form'
import { useScope } from '../shell/scope'
import { SimulateRule } from '../simulator/rule-link'
import { Panel } from '../ui/page'
import { ROUTING } from './routing'
import { sentencesOf } from './sentence'

/** What a rule means: in sentences, among its neighbours, and for those who obey it. */
export function RoutingAside({ form }: { form: RuleForm<RoutingRuleSpec> }) {
  const { rules: text } = useText()
  const { asOf } = useScope()
  return (
    <>
      <Panel title={text.inWords}>
        <Sentences spec={form.draft.spec} />
        <SimulateRule {...form.draft} isDraft={form.isNew || form.isDirty} />
      </Panel>
      <Panel title={text.order}>
        <p className="muted small note">{text.orderHint}</p>
        <Neighbours noun={ROUTING} draft={form.draft} />
      </Panel>
      {form.draft.base && asOf === undefined && (
        <Panel title={text.appliedTitle}>
          <Lagging collection={ROUTING.collection} rule={form.draft.base} />
        </Panel>
      )}
    </>
  )
}

/** A rule in plain sentences; what is no rule yet says nothing. */
function Sentences({ spec }: { spec: RoutingRuleSpec }) {
  const { sentence } = useText()
  if (!ROUTING.isShaped(spec)) return null
  const [intro, ...rest] = sentencesOf(spec, sentence)
  return (
    <div className="sentences">
      <p>{intro}</p>
      <ol>
        {rest.slice(0, -1).map((text, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- branches need no name
          <li key={index}>{text}</li>
        ))}
      </ol>
      <p>{rest.at(-1)}</p>
    </div>
  )
}
