import type { RateLimitRuleSpec } from '../api/client'
import { useText } from '../i18n/use-text'
import { ConditionsFields } from '../routing/matches-fields'
import { SuggestionsContext, useFactChoices, useKnown } from '../routing/suggestions'
import { TestFields } from '../routing/test-fields'
import { labelOf, testOf } from '../routing/tests'
import { BasicsFields } from '../rule/basics-fields'
import { useFault } from '../rule/faults'
import { ServiceFields } from '../rule/service-fields'
import type { RuleForm } from '../rule/use-rule-form'
import { ChoiceCards } from '../ui/choice-cards'
import { Panel } from '../ui/page'
import { ActionFields } from './action-fields'
import { AmountsFields } from './amounts-fields'
import { without } from './without'

type Form = RuleForm<RateLimitRuleSpec>

/** Everything that people say of a rate limit rule. */
export function LimitFields({ form }: { form: Form }) {
  const { limits: text } = useText()
  const { namespace, spec } = form.draft
  const known = useKnown(spec, namespace)
  return (
    <SuggestionsContext value={known}>
      <BasicsFields form={form} />
      <Panel title={text.which}>
        <div className="stack">
          <ServiceFields
            at="/callee"
            value={spec.callee}
            namespace={namespace}
            words={text.callee}
            onChange={({ namespace: where, service = '' }) => form.set({ callee: { ...(where ? { namespace: where } : {}), service } })}
          />
          <MethodFields form={form} />
          <div className="stack-tight">
            <h3 className="sub-head">{text.conditions}</h3>
            <p className="muted small">{text.conditionsHint}</p>
            <ConditionsFields
              at="/arguments"
              conditions={spec.arguments ?? []}
              onChange={(next) => (next.length > 0 ? form.set({ arguments: next }) : form.setSpec(without(spec, 'arguments')))}
            />
          </div>
          <ChoiceCards
            legend={text.counters}
            at="/regex_combine"
            fault={useFault('/regex_combine')}
            value={spec.regex_combine ? 'one' : 'each'}
            options={(['each', 'one'] as const).map((value) => ({ value, ...text.counterChoices[value] }))}
            onChange={(value) => form.set({ regex_combine: value === 'one' })}
          />
        </div>
      </Panel>
      <AmountsFields form={form} />
      <ActionFields form={form} />
    </SuggestionsContext>
  )
}

/** A test of the method, if there is to be one. */
function MethodFields({ form }: { form: Form }) {
  const { limits: text } = useText()
  const { spec } = form.draft
  const { values } = useFactChoices('method', '')
  return (
    <div className="stack-tight">
      <label className="row check">
        <input
          type="checkbox"
          data-at="/method"
          checked={spec.method !== undefined}
          onChange={(event) => (event.target.checked ? form.set({ method: '' }) : form.setSpec(without(spec, 'method')))}
        />
        {text.someMethods}
      </label>
      {spec.method !== undefined && (
        <div className="condition" role="group" aria-label={text.method}>
          <TestFields at="/method" test={testOf(spec.method)} choices={values} isOfCaller onChange={(test) => form.set({ method: labelOf(test) })} />
        </div>
      )}
    </div>
  )
}
