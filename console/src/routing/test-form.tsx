import { useState } from 'react'
import type { RoutingRuleSpec } from '../api/client'
import { useText } from '../i18n/use-text'
import { useFault } from '../rule/faults'
import { isSame } from '../rule/merge'
import type { Draft } from '../rule/use-rule-form'
import type { Call } from '../simulator/call'
import { choices, METHODS, useServices } from '../simulator/call-form'
import { Facts } from '../simulator/facts'
import { namesOf } from '../simulator/names'
import { ComboField } from '../ui/combo-field'
import { SelectField, TextField } from '../ui/field'
import { LabelsFields } from './labels-fields'
import { callOfRequest, deciderText, editedRequest, type Expectation, type RoutingTest, type Verdict, VERDICTS } from './rule-tests'
import { useCalleeLabels } from './suggestions'

interface Props {
  /** The place of the test in the rule, as a JSON pointer. */
  at: string
  test: RoutingTest
  draft: Draft<RoutingRuleSpec>
  onChange: (test: RoutingTest) => void
}

/** A call and what is expected of it. */
export function TestForm({ at, test, draft, onChange }: Props) {
  const { tests: text, simulator } = useText()
  const { namespace, spec } = draft
  const [call, setCall] = useState<Call>(() => callOfRequest(test.request, namespace))
  const [meant, setMeant] = useState(test.request)
  // Something else than this form changed it: it was discarded, or somebody else published.
  if (meant !== test.request && !isSame(meant, test.request)) {
    setMeant(test.request)
    setCall(callOfRequest(test.request, namespace))
  }
  const callees = useServices(call.to)
  const callers = useServices(call.from)
  const fault = useFault(`${at}/request`, true)
  const change = (next: Call) => {
    const request = editedRequest(test.request, call, next, namespace)
    setCall(next)
    setMeant(request)
    onChange({ ...test, request })
  }
  const field = (key: 'to' | 'from' | 'method' | 'path') => ({ value: call[key], onChange: (value: string) => change({ ...call, [key]: value }) })
  return (
    <div className="stack test-form">
      <TextField
        label={text.description}
        hint={text.descriptionHint}
        fault={useFault(`${at}/description`)}
        data-at={`${at}/description`}
        value={test.description ?? ''}
        onChange={(description) => onChange({ ...test, description })}
      />
      <div className="fields">
        <ComboField
          label={simulator.to}
          placeholder={simulator.serviceExample}
          at={`${at}/request`}
          fault={fault}
          choices={choices(callees)}
          {...field('to')}
        />
        <ComboField label={simulator.from} placeholder={simulator.anybody} choices={choices(callers)} {...field('from')} />
        <ComboField label={simulator.method} choices={choices(METHODS)} {...field('method')} />
        <TextField label={simulator.path} {...field('path')} />
      </div>
      <Facts facts={call.facts} change={(facts) => change({ ...call, facts })} names={namesOf([spec])} />
      <Expected at={`${at}/expect`} expect={test.expect} draft={draft} onChange={(expect) => onChange({ ...test, expect })} />
      {test.instances && test.instances.length > 0 && <p className="muted small">{text.ownInstances(test.instances.length)}</p>}
    </div>
  )
}

interface ExpectedProps {
  at: string
  expect: Expectation
  draft: Draft<RoutingRuleSpec>
  onChange: (expect: Expectation) => void
}

function Expected({ at, expect, draft, onChange }: ExpectedProps) {
  const { tests: text } = useText()
  const { namespace, name, spec } = draft
  const labels = useCalleeLabels()
  const wholeFault = useFault(at)
  const verdictFault = useFault(`${at}/verdict`)
  const rule = `${namespace}/${name}`
  const places = [rule, ...spec.branches.map((_, index) => `${rule}[${index}]`)]
  const { verdict, decided_by: decider, labels: wanted = {} } = expect
  const known = decider === undefined || places.includes(decider) ? places : [decider, ...places]
  const words = (place: string) => deciderText(place, { namespace, name, branches: spec.branches }, text)
  const set = (change: { [Key in keyof Expectation]?: Expectation[Key] | undefined }) => {
    const said = Object.entries({ ...expect, ...change }).filter(([, value]) => value !== undefined && value !== '')
    onChange(Object.fromEntries(said))
  }
  return (
    <div className="stack-tight" role="group" aria-label={text.expects}>
      <div className="fields">
        <SelectField
          label={text.verdict}
          fault={wholeFault ?? verdictFault}
          value={verdict ?? ''}
          options={[['', text.whatever], ...VERDICTS.map((one) => [one, text.verdicts[one]] as const)]}
          onChange={(next) => set({ verdict: (next || undefined) as Verdict | undefined })}
        />
        <SelectField
          label={text.decidedBy}
          fault={useFault(`${at}/decided_by`)}
          value={decider ?? ''}
          options={[['', text.whatever], ...known.map((place) => [place, words(place)] as const)]}
          onChange={(next) => set({ decided_by: next || undefined })}
        />
      </div>
      <h3 className="sub-head">{text.labels}</h3>
      <LabelsFields
        at={`${at}/labels`}
        label={text.labels}
        labels={wanted}
        known={labels}
        onChange={(next) => set({ labels: Object.keys(next).length > 0 ? next : undefined })}
      />
    </div>
  )
}
