import { useText } from '../i18n/use-text'
import { useFault } from '../rule/faults'
import { Button } from '../ui/button'
import { SelectField } from '../ui/field'
import type { Branch, Condition } from './noun'
import { useFactChoices } from './suggestions'
import { FactFields, TestFields } from './test-fields'

type Matches = Branch['matches']
type Join = 'always' | 'all' | 'any'

interface Props {
  /** The place of the branch in the rule, as a JSON pointer. */
  at: string
  matches: Matches
  onChange: (matches: Matches) => void
}

const JOINS = ['always', 'all', 'any'] as const satisfies readonly Join[]
const NEW: Condition = { on: 'header', key: '', op: 'exact', value: '' }

/** Which calls a branch takes. */
export function MatchesFields({ at, matches, onChange }: Props) {
  const { routing: text } = useText()
  const join: Join = matches?.all ? 'all' : matches?.any ? 'any' : 'always'
  const conditions = matches?.all ?? matches?.any ?? []
  const set = (how: Join, next: Condition[]) =>
    onChange(how === 'always' ? undefined : how === 'all' ? { all: next } : { any: next })
  const place = `${at}/matches/${join}`
  const wholeFault = useFault(`${at}/matches`)
  const listFault = useFault(place)
  return (
    <div className="stack-tight">
      <div className="fields">
        <SelectField
          label={text.which}
          fault={wholeFault ?? listFault}
          value={join}
          options={JOINS.map((how) => [how, text.joins[how]] as const)}
          onChange={(how) => set(how as Join, conditions.length > 0 ? conditions : [NEW])}
        />
      </div>
      {join !== 'always' && (
        <ConditionsFields
          at={place}
          conditions={conditions}
          onChange={(next) => set(next.length === 0 ? 'always' : join, next)}
        />
      )}
    </div>
  )
}

interface ConditionsProps {
  /** The place of the list in the rule, as a JSON pointer. */
  at: string
  conditions: readonly Condition[]
  onChange: (conditions: Condition[]) => void
}

/** Conditions on a call, and a way to more of them. */
export function ConditionsFields({ at, conditions, onChange }: ConditionsProps) {
  const { routing: text } = useText()
  return (
    <>
      {conditions.map((condition, index) => (
        <ConditionFields
          // oxlint-disable-next-line react/no-array-index-key -- conditions have no other name
          key={index}
          at={`${at}/${index}`}
          name={text.conditionOf(index + 1)}
          condition={condition}
          onChange={(next) => onChange(conditions.with(index, next))}
          onRemove={() => onChange(conditions.toSpliced(index, 1))}
        />
      ))}
      <div>
        <Button icon="plus" onClick={() => onChange([...conditions, NEW])}>
          {text.addCondition}
        </Button>
      </div>
    </>
  )
}

interface ConditionProps {
  at: string
  name: string
  condition: Condition
  onChange: (condition: Condition) => void
  onRemove: () => void
}

function ConditionFields({ at, name, condition, onChange, onRemove }: ConditionProps) {
  const { routing: text } = useText()
  const { values } = useFactChoices(condition.on, condition.key ?? '')
  return (
    <div className="condition condition-wide" role="group" aria-label={name}>
      <FactFields at={at} fact={condition} onChange={onChange} />
      <TestFields at={at} test={condition} choices={values} onChange={onChange} />
      <Button kind="ghost" icon="close" className="condition-remove" aria-label={text.removeCondition(name)} onClick={onRemove} />
    </div>
  )
}
