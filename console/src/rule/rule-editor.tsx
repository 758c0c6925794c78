import { type ReactNode, useMemo, useState } from 'react'
import { useTold } from '../i18n/use-told'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Fault } from '../ui/states'
import { toast } from '../ui/toast'
import { ConflictDialog } from './conflict-dialog'
import { FailingTests, failingAmong } from './failing-tests'
import { FaultContext, type Faults, goTo } from './faults'
import { JsonView } from './json-view'
import { LeaveGuard } from './leave-guard'
import { isSame } from './merge'
import { type CommonSpec, keyOf, type Noun, specOf, type Written } from './noun'
import { PublishDialog } from './publish-dialog'
import { useReview } from './use-review'
import type { RuleForm } from './use-rule-form'
import { useRuleWrites } from './use-rule-writes'
import { useWarnings } from './use-warnings'
import { Warnings } from './warnings'

interface Props<Spec extends CommonSpec> {
  noun: Noun<Spec>
  form: RuleForm<Spec>
  /** The rule was deleted by somebody else. */
  isGone?: boolean
  isReadOnly: boolean
  /** The fields of the rule. */
  children: ReactNode
  /** What is told of the rule while it is written. */
  aside: ReactNode
  onPublished: (rule: Written<Spec>) => void
}

/** Where a rule of any kind is written: checked as one types, compared before it is published, never lost. */
export function RuleEditor<Spec extends CommonSpec>({ noun, form, isGone = false, isReadOnly, children, aside, onPublished }: Props<Spec>) {
  const { rules: text } = useText()
  const told = useTold()
  const [view, setView] = useState<'form' | 'json'>('form')
  const { draft, faults, report, theirs } = form
  const { refresh } = useRuleWrites(noun)
  const { open, setOpen, refusal, review } = useReview(noun, form, isGone, askForTheirs)
  const known = useWarnings(noun, draft.namespace).get(keyOf(draft)) ?? []
  const warnings = form.isDirty ? (form.check?.warnings ?? []) : known
  const unread = form.typed?.fault
  const formless = unread !== undefined ? text.mendFirst(unread) : noun.isShaped(draft.spec) ? undefined : text.notShaped
  const board = useMemo(() => ({ faults, report }), [faults, report])

  function askForTheirs() {
    void refresh()
    setOpen({ is: 'conflict' })
  }
  return (
    <FaultContext value={board}>
      <LeaveGuard isDirty={form.isDirty} />
      <div className="editor">
        <div className="stack">
          {isGone && (
            <div className="banner banner-bad" role="alert">
              <span className="grow">{form.isDirty ? text.goneTyped : text.goneMeanwhile}</span>
              {!form.isNew && <Button onClick={() => void review()}>{text.createAgain}</Button>}
            </div>
          )}
          {theirs && (
            <div className="banner banner-warn" role="alert">
              <span className="grow">{text.overtaken(theirs.revision)}</span>
              <Button
                disabled={unread !== undefined}
                title={unread === undefined ? undefined : text.mendFirst(unread)}
                onClick={() => setOpen({ is: 'conflict' })}
              >
                {text.compare}
              </Button>
            </div>
          )}
          <div className="segments segments-fit">
            {(['form', 'json'] as const).map((one) => (
              <button
                key={one}
                type="button"
                aria-pressed={view === one}
                disabled={one === 'form' && formless !== undefined}
                title={one === 'form' ? formless : undefined}
                onClick={() => setView(one)}
              >
                {{ form: text.form, json: text.json }[one]}
              </button>
            ))}
          </div>
          {view === 'form' && formless === undefined ? (
            <fieldset className="plain stack" disabled={isReadOnly}>
              {children}
            </fieldset>
          ) : (
            <JsonView form={form} isReadOnly={isReadOnly} />
          )}
          <Warnings warnings={warnings} />
          {form.judgement.is === 'failing' && form.isDirty && (
            <FailingTests tests={[...failingAmong(form.judgement.check.tests, draft), ...form.judgement.check.broken]} />
          )}
          {(form.isDirty || form.isNew) && <FaultList faults={faults} />}
          {form.isDirty && form.judgement.is === 'unanswered' && <Fault>{told(form.judgement.error)}</Fault>}
          {refusal !== undefined && <Fault>{refusal}</Fault>}
          {!isReadOnly && <Foot form={form} isGone={isGone} review={() => void review()} />}
        </div>
        <aside className="stack editor-aside" aria-label={text.aboutRule}>{aside}</aside>
      </div>
      {open?.is === 'publish' && (
        <PublishDialog
          noun={noun}
          draft={open.draft}
          isAgain={open.isAgain}
          outcome={open.outcome}
          failing={open.failing}
          onClose={() => setOpen(null)}
          onConflict={askForTheirs}
          onGone={() => void review()}
          onPublished={(rule) => {
            setOpen(null)
            form.restart(rule)
            onPublished(rule)
          }}
        />
      )}
      {open?.is === 'conflict' && draft.base && theirs && (
        <ConflictDialog
          base={draft.base}
          mine={draft.spec}
          theirs={theirs}
          onClose={() => setOpen(null)}
          onDecide={(spec) => {
            const [before, mine] = [draft.base, draft.spec]
            setOpen(null)
            form.restart(theirs, spec)
            toast(isSame(spec, specOf(theirs)) ? text.tookTheirs : text.decided, before && (() => form.restart(before, mine)))
          }}
        />
      )}
    </FaultContext>
  )
}

/** Everything that keeps the rule from being published; each leads to its field. */
function FaultList({ faults }: { faults: Faults }) {
  const { rules: text } = useText()
  const found = Object.entries(faults)
  if (found.length === 0) return null
  return (
    <Fault>
      <strong>{text.faults(found.length)}</strong>
      {found.map(([pointer, detail]) => (
        <span key={pointer} className="fault-line">
          <button type="button" className="link" onClick={() => goTo(pointer)}>
            <code>{pointer || '/'}</code>
          </button>{' '}
          {detail}
        </span>
      ))}
    </Fault>
  )
}

function Foot<Spec extends CommonSpec>({ form, isGone, review }: { form: RuleForm<Spec>; isGone: boolean; review: () => void }) {
  const { rules: text } = useText()
  const { isDirty, isNew, judgement, faults, theirs } = form
  const isFaulty = Object.keys(faults).length > 0
  const states = {
    unasked: '',
    asking: text.checking,
    fine: text.checked,
    failing: text.checkedFailing,
    refused: text.toFix,
    unanswered: text.unchecked,
    away: text.away,
  }
  const state = isFaulty ? text.toFix : isGone && !isNew ? text.goneState : theirs ? text.conflict : states[judgement.is]
  return (
    <div className="editor-foot">
      <span className={`grow ${isFaulty ? 'text-bad' : 'muted'}`} role="status">
        {isDirty ? state : isNew ? '' : text.unchanged}
      </span>
      {isDirty && <Button onClick={form.discard}>{text.discard}</Button>}
      <Button kind="primary" disabled={isFaulty || (!isDirty && !isNew)} onClick={review}>
        {text.review}
      </Button>
    </div>
  )
}
