import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { type ComponentType, useEffect, useState } from 'react'
import { Problem } from '../api/problem'
import { useText } from '../i18n/use-text'
import { useScope } from '../shell/scope'
import { Ago } from '../time/time'
import { Button } from '../ui/button'
import { Copy } from '../ui/copy'
import { Dialog } from '../ui/dialog'
import { Links } from '../ui/links'
import { Page } from '../ui/page'
import { Failed, Loading } from '../ui/states'
import { type RuleId, ruleQuery } from './api'
import { EnabledSwitch } from './enabled-switch'
import { History } from './history'
import { type CommonSpec, keyOf, type Noun, type Rule } from './noun'
import { RuleEditor } from './rule-editor'
import { AppliedBadge } from './status'
import { draftOf, type RuleForm, useRuleForm } from './use-rule-form'
import { useRuleWrites } from './use-rule-writes'

export interface RuleTab {
  tab?: string | undefined
  from?: string | undefined
  to?: string | undefined
}

interface Props<Spec extends CommonSpec> {
  noun: Noun<Spec>
  id: RuleId
  search: RuleTab
  go: (search: RuleTab) => void
  Fields: ComponentType<{ form: RuleForm<Spec> }>
  Aside: ComponentType<{ form: RuleForm<Spec> }>
  /** What is made of the rule now, where that is known; in a tab of its own. */
  Usage?: ComponentType<{ rule: Rule<Spec> }>
}

const isAbsent = (error: unknown) => error instanceof Problem && error.status === 404

/** A rule of any kind: written in one tab, its past in another. */
export function RulePage<Spec extends CommonSpec>(props: Props<Spec>) {
  const { noun, id, search, go, Usage } = props
  const text = useText()
  const { asOf } = useScope()
  const { data, error, isPending, refetch } = useQuery(ruleQuery<Spec>(noun.collection, id, asOf))
  const [isDeleting, setDeleting] = useState(false)
  const [isDirty, setDirty] = useState(false)
  const isNow = asOf === undefined
  const context = (
    <>
      <Link to={noun.list}>{text[noun.words].title}</Link>
      <span>/</span>
      <Link to={noun.list} search={{ ns: id.namespace }}>
        {id.namespace}
      </Link>
    </>
  )
  const actions = data && isNow && !error && (
    <>
      <Link className="button" to={noun.create} search={{ from: keyOf(id) }}>
        {text.rules.duplicate}
      </Link>
      <Button onClick={() => setDeleting(true)}>{text.actions.delete}</Button>
    </>
  )
  const tabs = (['rule', 'usage', 'history'] as const).filter((one) => one !== 'usage' || Usage)
  const tab = tabs.find((one) => one === search.tab) ?? 'rule'
  return (
    <Page title={id.name} context={context} beside={data && <Beside noun={noun} rule={data} isNow={isNow && !error} isDirty={isDirty} />} actions={actions}>
      {isPending && <Loading />}
      {error && !data && <Failed error={error} retry={() => void refetch()} />}
      {data && (
        <Links className="tabs" label={text[noun.words].one}>
          {tabs.map((one) => (
            <Link
              key={one}
              to={noun.one}
              params={{ namespace: id.namespace, rule: id.name }}
              search={{ tab: one === 'rule' ? undefined : one }}
              activeOptions={{ explicitUndefined: true }}
            >
              {{ rule: text[noun.words].one, usage: text.rules.usage, history: text.rules.history }[one]}
            </Link>
          ))}
        </Links>
      )}
      {data && (
        <div hidden={tab !== 'rule'}>
          <Live key={asOf ?? ''} {...props} rule={data} isGone={isAbsent(error)} isReadOnly={!isNow} onDirty={setDirty} />
        </div>
      )}
      {Usage && data && tab === 'usage' && <Usage rule={data} />}
      {(data ? tab === 'history' : isAbsent(error) && isNow) && (
        <History
          noun={noun}
          id={id}
          current={isAbsent(error) ? undefined : data}
          isReadOnly={!isNow}
          from={search.from}
          to={search.to}
          compare={(from, to) => go({ ...search, tab: 'history', from, to })}
        />
      )}
      {isDeleting && data && <DeleteDialog noun={noun} rule={data} onClose={() => setDeleting(false)} />}
    </Page>
  )
}

interface LiveProps<Spec extends CommonSpec> extends Props<Spec> {
  rule: Rule<Spec>
  isGone: boolean
  isReadOnly: boolean
  onDirty: (isDirty: boolean) => void
}

function Live<Spec extends CommonSpec>({ noun, rule, isGone, isReadOnly, onDirty, Fields, Aside }: LiveProps<Spec>) {
  const form = useRuleForm(noun, draftOf(rule), isGone ? undefined : rule)
  useEffect(() => onDirty(form.isDirty), [onDirty, form.isDirty])
  return (
    <RuleEditor noun={noun} form={form} isGone={isGone} isReadOnly={isReadOnly} aside={<Aside form={form} />} onPublished={() => undefined}>
      <Fields form={form} />
    </RuleEditor>
  )
}

interface BesideProps<Spec extends CommonSpec> {
  noun: Noun<Spec>
  rule: Rule<Spec>
  isNow: boolean
  /** Something is typed that a switch at once would be in conflict with. */
  isDirty: boolean
}

function Beside<Spec extends CommonSpec>({ noun, rule, isNow, isDirty }: BesideProps<Spec>) {
  const { rules: text } = useText()
  return (
    <>
      <Copy text={rule.name} />
      <EnabledSwitch noun={noun} rule={rule} isReadOnly={!isNow || isDirty} />
      {isNow && <AppliedBadge collection={noun.collection} rule={rule} />}
      <span className="muted small">
        {text.revisionOf(rule.revision)} · <Ago at={rule.modified_at} />
      </span>
    </>
  )
}

function DeleteDialog<Spec extends CommonSpec>({ noun, rule, onClose }: { noun: Noun<Spec>; rule: Rule<Spec>; onClose: () => void }) {
  const { rules: text, actions, services } = useText()
  const { remove } = useRuleWrites(noun)
  const navigate = useNavigate()
  function confirm() {
    onClose()
    // Whoever deletes a rule has no use for a draft of it.
    void remove(rule, () => navigate({ to: noun.list, ignoreBlocker: true }))
  }
  return (
    <Dialog title={services.deleteTitle(rule.name)} onClose={onClose}>
      <p>{text.deleteHint}</p>
      <div className="form-foot">
        <Button onClick={onClose}>{actions.cancel}</Button>
        <Button kind="danger" onClick={confirm}>
          {actions.delete}
        </Button>
      </div>
    </Dialog>
  )
}
