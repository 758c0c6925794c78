import type { RoutingRuleSpec } from '../api/client'
import { useText } from '../i18n/use-text'
import type { Rule } from '../rule/noun'
import { useScope } from '../shell/scope'
import { Button } from '../ui/button'
import { AreaField, SelectField } from '../ui/field'
import { type Call, serviceOf } from './call'
import { draftText } from './draft'

export type CalleeRule = Rule<RoutingRuleSpec>

interface Props {
  call: Call
  /** The rules for calls to the service that is called. */
  rules: CalleeRule[]
  fault: string | undefined
  change: (draft: string) => void
}

/** A rule to try beside those that are in force: pasted, or begun from one of them. */
export function DraftField({ call, rules, fault, change }: Props) {
  const { simulator: text } = useText()
  const { namespace = 'default' } = useScope()
  const callee = serviceOf(call.to, namespace)
  function begin(place: string) {
    const rule = rules.find((one) => `${one.namespace}/${one.name}` === place)
    if (rule) change(draftText(rule))
    else if (place === 'new' && callee) change(newDraft(callee))
  }
  const choices = rules.map((rule): [string, string] => {
    const place = `${rule.namespace}/${rule.name}`
    return [place, place]
  })
  return (
    <details className="fold" open={call.draft !== ''}>
      <summary>{text.draft}</summary>
      <p className="muted small">{text.draftHint}</p>
      <SelectField
        label={text.draftFrom}
        value=""
        options={[['', text.choose], ['new', text.draftNew], ...choices]}
        onChange={begin}
      />
      <AreaField label={text.draftText} rows={call.draft ? 14 : 4} isCode value={call.draft} fault={fault} onChange={change} />
      {call.draft && <Button onClick={() => change('')}>{text.draftDrop}</Button>}
    </details>
  )
}

function newDraft({ namespace, service }: { namespace: string; service: string }): string {
  const spec = {
    priority: 0,
    callee: { namespace, service },
    branches: [
      {
        name: 'some',
        matches: { all: [{ on: 'header', key: 'x-user', op: 'exact', value: '42' }] },
        targets: [{ labels: { version: 'v2' } }],
      },
    ],
    otherwise: 'fall_through',
  }
  return JSON.stringify({ namespace, name: 'draft', spec }, null, 2)
}
