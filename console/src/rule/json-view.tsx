import { useText } from '../i18n/use-text'
import { AreaField } from '../ui/field'
import { textOf } from './document'
import { useFault } from './faults'
import type { CommonSpec } from './noun'
import type { RuleForm } from './use-rule-form'

interface Props<Spec extends CommonSpec> {
  form: RuleForm<Spec>
  isReadOnly: boolean
}

/** The document of a rule as text: what is typed here is in the form, and the other way round. */
export function JsonView<Spec extends CommonSpec>({ form, isReadOnly }: Props<Spec>) {
  const { rules: text } = useText()
  const refusal = useFault('', true)
  const written = form.typed?.text ?? textOf(form.draft.spec)
  return (
    <fieldset className="plain" disabled={isReadOnly}>
      <AreaField
        label={text.document}
        hint={text.documentHint}
        fault={form.typed?.fault ?? refusal}
        isCode
        rows={Math.min(40, written.split('\n').length + 1)}
        value={written}
        onChange={form.setDocument}
      />
    </fieldset>
  )
}
