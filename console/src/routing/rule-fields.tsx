import { useState } from 'react'
import type { RoutingRuleSpec } from '../api/client'
import { useText } from '../i18n/use-text'
import { BasicsFields } from '../rule/basics-fields'
import { useFault } from '../rule/faults'
import { moved } from '../rule/order'
import { ServiceFields } from '../rule/service-fields'
import type { RuleForm } from '../rule/use-rule-form'
import { Button } from '../ui/button'
import { ChoiceCards } from '../ui/choice-cards'
import { Panel } from '../ui/page'
import { BranchFields } from './branch-fields'
import { LabelsFields } from './labels-fields'
import { type Branch, OTHERWISE } from './noun'
import { SuggestionsContext, useKnown } from './suggestions'
import { TestsPanel } from './tests-panel'

type Caller = NonNullable<RoutingRuleSpec['caller']>

/** Who calls; nothing where every caller is meant. */
function callerOf({ namespace, service, metadata = {} }: Caller): Caller | undefined {
  const caller = {
    ...(namespace ? { namespace } : {}),
    ...(service ? { service } : {}),
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
  }
  return Object.keys(caller).length > 0 ? caller : undefined
}

/** Everything that people say of a routing rule. */
export function RoutingFields({ form }: { form: RuleForm<RoutingRuleSpec> }) {
  const { routing: text } = useText()
  const { namespace, spec } = form.draft
  const known = useKnown(spec, namespace)
  const { caller = {}, callee, otherwise } = spec
  const setCaller = (change: Partial<Caller>) => {
    const { caller: _, ...rest } = spec
    const next = callerOf({ ...caller, ...change })
    form.setSpec(next ? { ...rest, caller: next } : rest)
  }
  return (
    <SuggestionsContext value={known}>
      <BasicsFields form={form} />
      <Panel title={text.who}>
        <div className="stack">
          <ServiceFields at="/callee" value={callee} namespace={namespace} words={text.callee} onChange={({ namespace: where, service = '' }) => form.set({ callee: { ...(where ? { namespace: where } : {}), service } })} />
          <ServiceFields
            at="/caller"
            value={caller}
            namespace={namespace}
            words={text.caller}
            onChange={({ namespace: where = '', service = '' }) => setCaller({ namespace: where, service })}
          />
          <div className="stack-tight">
            <h3 className="sub-head">{text.callerLabels}</h3>
            <LabelsFields
              at="/caller/metadata"
              label={text.callerLabels}
              labels={caller.metadata ?? {}}
              known={known.callerLabels}
              isOfCaller
              onChange={(metadata) => setCaller({ metadata })}
            />
          </div>
        </div>
      </Panel>
      <Branches branches={spec.branches} onChange={(branches) => form.set({ branches })} />
      <Panel title={text.otherwise}>
        <ChoiceCards
          legend={text.otherwiseHint}
          at="/otherwise"
          fault={useFault('/otherwise')}
          value={otherwise}
          options={OTHERWISE.map((value) => ({ value, ...text.otherwises[value] }))}
          onChange={(value) => form.set({ otherwise: value })}
        />
      </Panel>
      <TestsPanel form={form} />
    </SuggestionsContext>
  )
}

/** The parts of a rule in the order in which they are tried. */
function Branches({ branches, onChange }: { branches: Branch[]; onChange: (branches: Branch[]) => void }) {
  const { routing: text } = useText()
  const [said, setSaid] = useState('')
  const fault = useFault('/branches')
  function move(from: number, to: number) {
    onChange(moved(branches, from, to))
    setSaid(text.branchMoved(from + 1, to + 1))
  }
  return (
    <section className="stack" aria-label={text.branches} data-at="/branches">
      <div className="row spread wrap">
        <h2>{text.branches}</h2>
        <span className="muted small">{text.branchesHint}</span>
      </div>
      {branches.map((branch, index) => (
        <BranchFields
          // oxlint-disable-next-line react/no-array-index-key -- branches need no name
          key={index}
          index={index}
          count={branches.length}
          branch={branch}
          onChange={(next) => onChange(branches.with(index, next))}
          onMove={(to) => move(index, to)}
          onDuplicate={() => onChange(branches.toSpliced(index + 1, 0, { ...branch, name: '' }))}
          onRemove={() => onChange(branches.toSpliced(index, 1))}
        />
      ))}
      {fault && <p className="field-fault">{fault}</p>}
      <div>
        <Button icon="plus" onClick={() => onChange([...branches, { targets: [{ weight: 100 }] }])}>
          {text.addBranch}
        </Button>
      </div>
      <p className="sr-only" aria-live="polite">
        {said}
      </p>
    </section>
  )
}
