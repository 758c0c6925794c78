import type { RateLimitRuleSpec } from '../api/client'
import { useText } from '../i18n/use-text'
import { useFault } from '../rule/faults'
import { LinesField } from '../rule/lines-field'
import { NumberField } from '../rule/number-field'
import type { RuleForm } from '../rule/use-rule-form'
import { ChoiceCards } from '../ui/choice-cards'
import { AreaField } from '../ui/field'
import { Panel } from '../ui/page'
import { LengthField } from './length-field'
import { maxWaitOf } from './limit'
import { without } from './without'

type Form = RuleForm<RateLimitRuleSpec>

const WAIT_MS = 500
const WARM_UP = { period_ms: 10_000, start_percent: 30 }

/** What becomes of a call too many, and of a counter that begins. */
export function ActionFields({ form }: { form: Form }) {
  const { limits: text } = useText()
  const { spec } = form.draft
  const { scope = 'local', action, warm_up: warmUp } = spec
  const isLocal = scope === 'local'
  const wait = maxWaitOf(action)
  const actionFault = useFault('/action')
  return (
    <Panel title={text.tooMany}>
      <div className="stack">
        <ChoiceCards
          legend={text.action}
          at="/action"
          fault={actionFault}
          value={wait === undefined ? 'reject' : 'queue'}
          options={(isLocal ? (['reject', 'queue'] as const) : (['reject'] as const)).map((value) => ({ value, ...text.actions[value] }))}
          onChange={(value) => form.set({ action: value === 'reject' ? value : { queue: { max_wait_ms: WAIT_MS } } })}
        />
        {wait !== undefined && (
          <div className="fields">
            <LengthField label={text.maxWait} hint={text.maxWaitHint} at="/action/queue/max_wait_ms" value={wait} onChange={(ms) => form.set({ action: { queue: { max_wait_ms: ms } } })} />
          </div>
        )}
        <ResponseFields form={form} />
        {isLocal && (
          <label className="row check">
            <input
              type="checkbox"
              data-at="/warm_up"
              checked={warmUp !== undefined}
              onChange={(event) => (event.target.checked ? form.set({ warm_up: WARM_UP }) : form.setSpec(without(spec, 'warm_up')))}
            />
            {text.warmUp}
          </label>
        )}
        {isLocal && warmUp && (
          <div className="fields">
            <LengthField label={text.period} at="/warm_up/period_ms" value={warmUp.period_ms} onChange={(period) => form.set({ warm_up: { ...warmUp, period_ms: period } })} />
            <NumberField
              label={text.startPercent}
              at="/warm_up/start_percent"
              value={warmUp.start_percent ?? WARM_UP.start_percent}
              onChange={(percent) => form.set({ warm_up: { ...warmUp, start_percent: percent } })}
            />
          </div>
        )}
      </div>
    </Panel>
  )
}

type Response = NonNullable<RateLimitRuleSpec['response']>

/** A response that says something; nothing where all of it is as usual. */
function responseOf({ status, headers = {}, body = '' }: Response): Response | undefined {
  const response = {
    ...(status === undefined ? {} : { status }),
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(body === '' ? {} : { body }),
  }
  return Object.keys(response).length > 0 ? response : undefined
}

/** What the caller of a refused call is told. */
function ResponseFields({ form }: { form: Form }) {
  const { limits: text } = useText()
  const { spec } = form.draft
  const { response = {} } = spec
  const { headers = {} } = response
  const bodyFault = useFault('/response/body')
  function set(change: Partial<Response>) {
    const next = responseOf({ ...response, ...change })
    form.setSpec(next ? { ...spec, response: next } : without(spec, 'response'))
  }
  const { status: _status, ...rest } = response
  return (
    <div className="stack-tight" data-at="/response">
      <h3 className="sub-head">{text.response}</h3>
      <div className="fields">
        <NumberField
          label={text.status}
          hint={text.statusHint}
          at="/response/status"
          value={response.status}
          onChange={(status) => set({ status })}
          onEmpty={() => {
            const next = responseOf(rest)
            form.setSpec(next ? { ...spec, response: next } : without(spec, 'response'))
          }}
        />
      </div>
      <LinesField label={text.headers} at="/response/headers" rows={2} value={headers} onChange={(entries) => set({ headers: entries })} />
      <AreaField label={text.body} fault={bodyFault} isCode value={response.body ?? ''} onChange={(body) => set({ body })} />
    </div>
  )
}
