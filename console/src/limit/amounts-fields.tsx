import type { RateLimitRuleSpec } from '../api/client'
import { useText } from '../i18n/use-text'
import { useFault } from '../rule/faults'
import { NumberField } from '../rule/number-field'
import type { RuleForm } from '../rule/use-rule-form'
import { Button } from '../ui/button'
import { ChoiceCards } from '../ui/choice-cards'
import { Panel } from '../ui/page'
import { LengthField } from './length-field'
import { type Amount, AMOUNT_MODES, FAILOVERS, SCOPES, withScope } from './limit'
import { without } from './without'

const MOST = 4
const NEW: Amount = { max: 100, window_ms: 60_000 }

/** Who counts, and how many calls pass. */
export function AmountsFields({ form }: { form: RuleForm<RateLimitRuleSpec> }) {
  const { limits: text } = useText()
  const { spec } = form.draft
  const { scope = 'local', amounts = [], amount_mode: mode = 'total', failover = 'local' } = spec
  const isLocal = scope === 'local'
  const listFault = useFault('/amounts')
  const set = (next: Amount[]) => (next.length > 0 ? form.set({ amounts: next }) : form.setSpec(without(spec, 'amounts')))
  const modeFault = useFault('/amount_mode')
  const failoverFault = useFault('/failover')
  return (
    <Panel title={text.howMany}>
      <div className="stack">
        <ChoiceCards
          legend={text.scope}
          at="/scope"
          fault={useFault('/scope')}
          value={scope}
          options={SCOPES.map((value) => ({ value, ...text.scopes[value] }))}
          onChange={(value) => form.setSpec(withScope(spec, value))}
        />
        <div className="stack-tight" data-at="/amounts">
          {amounts.map((amount, index) => (
            <AmountFields
              // oxlint-disable-next-line react/no-array-index-key -- amounts have no other name
              key={index}
              index={index}
              amount={amount}
              hasBurst={isLocal}
              onChange={(next) => set(amounts.with(index, next))}
              onRemove={() => set(amounts.toSpliced(index, 1))}
            />
          ))}
          {listFault && <p className="field-fault">{listFault}</p>}
          <div>
            <Button icon="plus" disabled={amounts.length >= MOST} onClick={() => set([...amounts, NEW])}>
              {text.addAmount}
            </Button>
          </div>
        </div>
        {isLocal && (
          <div className="fields">
            <NumberField
              label={text.concurrency}
              hint={text.concurrencyHint}
              at="/concurrency"
              value={spec.concurrency}
              onChange={(concurrency) => form.set({ concurrency })}
              onEmpty={() => form.setSpec(without(spec, 'concurrency'))}
            />
          </div>
        )}
        {!isLocal && (
          <>
            <ChoiceCards
              legend={text.amountMode}
              at="/amount_mode"
              fault={modeFault}
              value={mode}
              options={AMOUNT_MODES.map((value) => ({ value, ...text.amountModes[value] }))}
              onChange={(value) => form.set({ amount_mode: value })}
            />
            <ChoiceCards
              legend={text.failover}
              at="/failover"
              fault={failoverFault}
              value={failover}
              options={FAILOVERS.map((value) => ({ value, ...text.failovers[value] }))}
              onChange={(value) => form.set({ failover: value })}
            />
          </>
        )}
      </div>
    </Panel>
  )
}

interface AmountProps {
  index: number
  amount: Amount
  hasBurst: boolean
  onChange: (amount: Amount) => void
  onRemove: () => void
}

function AmountFields({ index, amount, hasBurst, onChange, onRemove }: AmountProps) {
  const { limits: text } = useText()
  const at = `/amounts/${index}`
  const name = text.amountOf(index + 1)
  const { burst: _burst, ...plain } = amount
  return (
    <div className="condition amount" role="group" aria-label={name} data-at={at}>
      <NumberField label={text.max} at={`${at}/max`} value={amount.max} onChange={(max) => onChange({ ...amount, max })} />
      <LengthField label={text.window} at={`${at}/window_ms`} value={amount.window_ms} onChange={(window) => onChange({ ...amount, window_ms: window })} />
      {hasBurst && (
        <NumberField
          label={text.burst}
          hint={text.burstHint}
          at={`${at}/burst`}
          value={amount.burst}
          onChange={(burst) => onChange({ ...amount, burst })}
          onEmpty={() => onChange(plain)}
        />
      )}
      <Button kind="ghost" icon="close" className="condition-remove" aria-label={text.removeAmount(name)} onClick={onRemove} />
    </div>
  )
}
