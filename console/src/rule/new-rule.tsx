import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { type ComponentType, useEffect, useState } from 'react'
import { useText } from '../i18n/use-text'
import { useScope } from '../shell/scope'
import { Page } from '../ui/page'
import { Empty, Failed, Loading } from '../ui/states'
import { ruleQuery } from './api'
import { type CommonSpec, type Noun, type Rule, specOf } from './noun'
import { RuleEditor } from './rule-editor'
import { type Draft, type RuleForm, useRuleForm } from './use-rule-form'

interface Props<Spec extends CommonSpec> {
  noun: Noun<Spec>
  /** The rule to begin with, as `namespace/name`. */
  from: string | undefined
  /** The service that it shall be for, as `namespace/name`. */
  callee: string | undefined
  Fields: ComponentType<{ form: RuleForm<Spec> }>
  Aside: ComponentType<{ form: RuleForm<Spec> }>
}

const split = (key: string) => ({ namespace: key.slice(0, key.indexOf('/')), name: key.slice(key.indexOf('/') + 1) })

/** Where a rule is made, out of nothing or out of another one. */
export function NewRule<Spec extends CommonSpec>(props: Props<Spec>) {
  const { noun, from, callee } = props
  const text = useText()
  const { namespace = 'default', asOf } = useScope()
  const copied = split(from ?? '/')
  const { data, error } = useQuery({ ...ruleQuery<Spec>(noun.collection, copied), enabled: from !== undefined })
  const context = <Link to={noun.list}>{text[noun.words].title}</Link>
  const start = (): Draft<Spec> => {
    if (data) return { namespace: copied.namespace, name: '', spec: specOf(data), base: undefined }
    if (callee === undefined) return { namespace, name: '', spec: noun.blank, base: undefined }
    const target = split(callee)
    return { namespace: target.namespace, name: '', spec: { ...noun.blank, callee: { service: target.name } }, base: undefined }
  }
  return (
    <Page title={text[noun.words].create} context={context}>
      {asOf !== undefined && <Empty title={text.time.readOnly} />}
      {asOf === undefined && error && <Failed error={error} />}
      {asOf === undefined && from !== undefined && !data && !error && <Loading />}
      {asOf === undefined && (from === undefined || data) && <Fresh {...props} start={start()} />}
    </Page>
  )
}

function Fresh<Spec extends CommonSpec>({ noun, start, Fields, Aside }: Props<Spec> & { start: Draft<Spec> }) {
  const navigate = useNavigate()
  const form = useRuleForm(noun, start, undefined)
  const [made, setMade] = useState<Rule<Spec> | null>(null)
  // Only when the editor is gone, so that it does not ask whether to leave.
  useEffect(() => {
    if (made) void navigate({ to: noun.one, params: { namespace: made.namespace, rule: made.name }, replace: true })
  }, [made, navigate, noun])
  if (made) return <Loading />
  return (
    <RuleEditor noun={noun} form={form} isReadOnly={false} aside={<Aside form={form} />} onPublished={setMade}>
      <Fields form={form} />
    </RuleEditor>
  )
}
