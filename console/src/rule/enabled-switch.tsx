import { useRef } from 'react'
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
  const switched = useRef<number>(undefined)

  async function change() {
    // Until the outcome is shown, another click would write over a revision that is no more.
    if (switched.current === rule.revision) return
    switched.current = rule.revision
    if (!(await enable(rule))) switched.current = undefined
  }
  return (
    <button
      type="button"
      role="switch"
      className="switch"
      aria-checked={isEnabled(rule)}
      aria-label={text.enabledOf(rule.name)}
      title={isEnabled(rule) ? text.enabled : text.disabled}
      disabled={isReadOnly}
      onClick={() => void change()}
    >
      <span aria-hidden="true" />
    </button>
  )
}
