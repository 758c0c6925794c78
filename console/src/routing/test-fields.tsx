import { useText } from '../i18n/use-text'
import { pointerTo, useFault } from '../rule/faults'
import { NumberField } from '../rule/number-field'
import { type Choice, ComboField } from '../ui/combo-field'
import { SelectField, TextField } from '../ui/field'
import { ValuesField } from '../ui/values-field'
import { FACT_KINDS, type Fact, hasKey, type Operator, OPERATORS, type Test } from './noun'
import { useFactChoices } from './suggestions'
import { withKind, withOperator } from './tests'

interface Props<T extends Test> {
  /** The place of the test in the rule, as a JSON pointer. */
  at: string
  test: T
  /** What the value may be. */
  choices: readonly Choice[]
  /** What everybody knows is not explained. */
  isBrief?: boolean
  /** The test is of who calls, before there is a call to compare with. */
  isOfCaller?: boolean
  onChange: (test: T) => void
}

/** How a value is tested, in words, and what with. */
export function TestFields<T extends Test>({ at, test, choices, isBrief = false, isOfCaller = false, onChange }: Props<T>) {
  const { routing: text } = useText()
  const operators = OPERATORS.filter((op) => op !== 'same_as' || !isOfCaller)
  return (
    <>
      <SelectField
        label={text.operator}
        hint={isBrief && test.op === 'exact' ? undefined : text.operatorHints[test.op]}
        fault={useFault(`${at}/op`)}
        value={test.op}
        options={operators.map((op) => [op, text.operators[op]] as const)}
        onChange={(op) => onChange(withOperator(test, op as Operator))}
      />
      <Against at={at} test={test} choices={choices} onChange={onChange} />
    </>
  )
}

/** What a value is compared with. */
function Against<T extends Test>({ at, test, choices, onChange }: Props<T>) {
  const { routing: text } = useText()
  const valueFault = useFault(`${at}/value`)
  const valuesFault = useFault(`${at}/values`, true)
  // A label in its short form is its value.
  const shortFault = useFault(at)
  const set = (change: Partial<Test>) => onChange({ ...test, ...change })
  if (test.op === 'present' || test.op === 'absent') return null
  if (test.op === 'in' || test.op === 'not_in') {
    return (
      <div className="field">
        <span className="field-name">{text.values}</span>
        <ValuesField
          label={text.values}
          fault={valuesFault}
          at={`${at}/values`}
          values={test.values ?? []}
          choices={choices}
          onChange={(values) => set({ values })}
        />
      </div>
    )
  }
  if (test.op === 'range') {
    const without = (bound: 'min' | 'max') => {
      const { [bound]: _, ...rest } = test
      onChange(rest as T)
    }
    return (
      <div className="fields fields-two">
        <NumberField label={text.min} at={`${at}/min`} value={test.min} onChange={(min) => set({ min })} onEmpty={() => without('min')} />
        <NumberField label={text.max} at={`${at}/max`} value={test.max} onChange={(max) => set({ max })} onEmpty={() => without('max')} />
      </div>
    )
  }
  if (test.op === 'same_as') return <FactFields at={`${at}/fact`} fact={test.fact ?? { on: 'header', key: '' }} onChange={(fact) => set({ fact })} />
  return (
    <ComboField
      label={text.value}
      fault={valueFault ?? shortFault}
      at={`${at}/value`}
      value={test.value ?? ''}
      choices={choices}
      onChange={(value) => set({ value })}
    />
  )
}

interface FactProps<T extends Fact> {
  at: string
  fact: T
  onChange: (fact: T) => void
}

/** Which fact of a call is meant. */
export function FactFields<T extends Fact>({ at, fact, onChange }: FactProps<T>) {
  const { routing: text } = useText()
  const { keys } = useFactChoices(fact.on, fact.key ?? '')
  const keyFault = useFault(`${at}/key`)
  return (
    <>
      <SelectField
        label={text.fact}
        fault={useFault(`${at}/on`)}
        value={fact.on}
        options={FACT_KINDS.map((kind) => [kind, text.facts[kind]] as const)}
        onChange={(on) => onChange(withKind(fact, on as Fact['on']))}
      />
      {hasKey(fact.on) ? (
        <ComboField
          label={text.key}
          fault={keyFault}
          at={`${at}/key`}
          value={fact.key ?? ''}
          choices={keys}
          onChange={(key) => onChange({ ...fact, key: key.trim() })}
        />
      ) : (
        <TextField label={text.key} disabled placeholder={text.noKey} value="" onChange={() => undefined} />
      )}
    </>
  )
}

/** The place of an entry whose key may have slashes. */
export const placeOf = (at: string, key: string) => at + pointerTo(key)
