import { useQuery } from '@tanstack/react-query'
import { useText } from '../i18n/use-text'
import { useScope } from '../shell/scope'
import { Button } from '../ui/button'
import { AreaField, SelectField } from '../ui/field'
import { type Call, serviceOf } from './call'
import { draftText } from './draft'
import { calleeRulesQuery } from './queries'

interface Props {
  call: Call
  fault: string | undefined
  change: (draft: string) => void
}

/** A rule to try beside those that are in force: pasted, or begun from one of them. */
export function DraftField({ call, fault, change }: Props) {
  const { simulator: text } = useText()
  const { namespace = 'default', asOf } = useScope()
  const callee = serviceOf(call.to, namespace)
  const { data } = useQuery(calleeRulesQuery(callee, asOf))
  const rules = data ?? []
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
    <details className="more" open={call.draft !== ''}>
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
