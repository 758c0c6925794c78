import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useText } from '../i18n/use-text'
import { allNamespacesQuery } from '../namespaces/queries'
import { ComboField } from '../ui/combo-field'
import { TextField } from '../ui/field'
import { Panel } from '../ui/page'
import { useFault } from './faults'
import { LinesField } from './lines-field'
import { type CommonSpec, isEnabled } from './noun'
import { NumberField } from './number-field'
import type { RuleForm } from './use-rule-form'

/** What every kind of rule has: its name, what it is for, whether and when it is tried. */
export function BasicsFields<Spec extends CommonSpec>({ form }: { form: RuleForm<Spec> }) {
  const { rules: text } = useText()
  const { namespace, name, spec } = form.draft
  const { data } = useQuery(allNamespacesQuery)
  const nameFault = useFault('/name')
  const namespaceFault = useFault('/namespace')
  const set = (change: Partial<CommonSpec>) => form.set(change as Partial<Spec>)
  return (
    <Panel title={text.basics}>
      <div className="stack">
        {form.isNew && (
          <div className="fields">
            <TextField
              label={text.name}
              hint={text.nameHint}
              fault={nameFault}
              required
              data-at="/name"
              value={name}
              onChange={(value) => form.setId({ namespace, name: value.trim() })}
            />
            <ComboField
              label={text.namespace}
              fault={namespaceFault}
              at="/namespace"
              value={namespace}
              choices={(data ?? []).map((one) => ({ value: one.name, context: one.comment }))}
              onChange={(value) => form.setId({ namespace: value.trim(), name })}
            />
          </div>
        )}
        <div className="fields">
          <TextField
            label={text.description}
            fault={useFault('/description')}
            data-at="/description"
            value={spec.description ?? ''}
            onChange={(description) => set({ description })}
          />
          <NumberField
            label={text.priority}
            hint={text.priorityHint}
            at="/priority"
            value={spec.priority ?? 0}
            onChange={(priority) => set({ priority })}
          />
        </div>
        <label className="row check">
          <input
            type="checkbox"
            data-at="/enabled"
            checked={isEnabled(spec)}
            onChange={(event) => set({ enabled: event.target.checked })}
          />
          {text.enabledField}
        </label>
        <MetadataField value={spec.metadata ?? {}} onChange={(metadata) => set({ metadata })} />
      </div>
    </Panel>
  )
}

type Metadata = Record<string, string>

/** Labels of the rule itself. */
function MetadataField({ value, onChange }: { value: Metadata; onChange: (value: Metadata) => void }) {
  const { rules: text } = useText()
  const fault = useFault('/metadata', true)
  const [isOpen] = useState(Object.keys(value).length > 0)
  return (
    <details className="more" open={isOpen || fault !== undefined}>
      <summary>{text.metadata}</summary>
      <p className="muted small">{text.metadataHint}</p>
      <LinesField label={text.metadata} at="/metadata" value={value} onChange={onChange} />
    </details>
  )
}
