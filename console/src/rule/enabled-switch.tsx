import { useText } from '../i18n/use-text'
import { type CommonSpec, isEnabled, type Noun, type Rule } from './noun'
import { useRuleWrites } from './use-rule-writes'

interface Props<Spec extends CommonSpec> {
  noun: Noun<Spec>
  rule: Rule<Spec>
  isReadOnly: boolean
}

/** Puts a rule on or off at once; the toast takes it back. */
export function EnabledSwitch<Spec extends CommonSpec>({ noun, rule, isReadOnly }: Props<Spec>) {
  const { rules: text } = useText()
  const { enable } = useRuleWrites(noun)
  return (
    <button
      type="button"
      role="switch"
      className="switch"
      aria-checked={isEnabled(rule)}
      aria-label={text.enabledOf(rule.name)}
      title={isEnabled(rule) ? text.enabled : text.disabled}
      disabled={isReadOnly}
      onClick={() => void enable(rule)}
    >
      <span aria-hidden="true" />
    </button>
  )
}
