import type { NearbyRuleSpec } from '../api/client'
import { useText } from '../i18n/use-text'
import { BasicsFields } from '../rule/basics-fields'
import { useFault } from '../rule/faults'
import { ServiceFields } from '../rule/service-fields'
import type { RuleForm } from '../rule/use-rule-form'
import { ChoiceCards } from '../ui/choice-cards'
import { SelectField } from '../ui/field'
import { Panel } from '../ui/page'
import { type Level, LEVELS, levelsFrom } from './nearby'

/** Everything that people say of a nearby rule. */
export function NearbyFields({ form }: { form: RuleForm<NearbyRuleSpec> }) {
  const { nearby: text } = useText()
  const { namespace, spec } = form.draft
  const { callee, level = 'zone', max_level: widest = 'all', strict = false, spill_over: spill = 0 } = spec
  const spillFault = useFault('/spill_over')
  function setLevel(next: Level) {
    const isNearer = LEVELS.indexOf(widest) < LEVELS.indexOf(next)
    form.set({ level: next, ...(isNearer ? { max_level: next } : {}) })
  }
  return (
    <>
      <BasicsFields form={form} />
      <Panel title={text.who}>
        <ServiceFields
          at="/callee"
          value={callee}
          namespace={namespace}
          words={text.callee}
          onChange={({ namespace: where, service = '' }) => form.set({ callee: { ...(where ? { namespace: where } : {}), service } })}
        />
      </Panel>
      <Panel title={text.how}>
        <div className="stack">
          <div className="fields">
            <SelectField
              label={text.level}
              hint={text.levels[level].hint}
              fault={useFault('/level')}
              value={level}
              options={LEVELS.map((one) => [one, text.levels[one].name] as const)}
              onChange={(value) => setLevel(value as Level)}
            />
            <SelectField
              label={text.maxLevel}
              hint={text.levels[widest].hint}
              fault={useFault('/max_level')}
              value={widest}
              options={levelsFrom(level).map((one) => [one, text.levels[one].name] as const)}
              onChange={(value) => form.set({ max_level: value as Level })}
            />
          </div>
          <label className="field">
            <span className="field-name">{text.spill(Math.round(spill * 100))}</span>
            <input
              type="range"
              min={0}
              max={100}
              value={Math.round(spill * 100)}
              data-at="/spill_over"
              aria-label={text.spillOver}
              onChange={(event) => form.set({ spill_over: Number(event.target.value) / 100 })}
            />
            <span className={spillFault ? 'field-fault' : 'field-hint'}>{spillFault ?? text.spillHint}</span>
          </label>
          <ChoiceCards
            legend={text.beyondTitle}
            at="/strict"
            fault={useFault('/strict')}
            value={strict ? 'yes' : 'no'}
            options={(['no', 'yes'] as const).map((value) => ({ value, ...text.stricts[value] }))}
            onChange={(value) => form.set({ strict: value === 'yes' })}
          />
        </div>
      </Panel>
    </>
  )
}
