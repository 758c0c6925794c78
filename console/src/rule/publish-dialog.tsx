import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Problem } from '../api/problem'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Failure } from '../ui/states'
import { isOfAbsent } from './api'
import { Comparison } from './comparison'
import { failingOf, type FailingTest, FailingTests } from './failing-tests'
import { type CommonSpec, type Noun, specOf, type Written } from './noun'
import type { Draft } from './use-rule-form'
import { useRuleWrites } from './use-rule-writes'
import { Warnings } from './warnings'

interface Props<Spec extends CommonSpec> {
  noun: Noun<Spec>
  draft: Draft<Spec>
  /** Somebody deleted the rule that the draft was made from. */
  isAgain: boolean
  /** The rule as the control plane would have it. */
  outcome: Written<Spec>
  /** The tests that publishing would fail. */
  failing: FailingTest[]
  onPublished: (rule: Written<Spec>) => void
  onConflict: () => void
  /** Somebody deleted meanwhile what it was to be written over. */
  onGone: () => void
  onClose: () => void
}

/** Shows what publishing would change, and publishes. */
export function PublishDialog<Spec extends CommonSpec>({ noun, draft, isAgain, outcome, failing, onPublished, onConflict, onGone, onClose }: Props<Spec>) {
  const { rules: text, tests, actions } = useText()
  const [isAnyway, setAnyway] = useState(false)
  const { publish } = useRuleWrites(noun)
  const { namespace, name, spec, base } = draft
  const write = useMutation({
    mutationFn: () => publish({ namespace, name }, spec, base, isAnyway ? 'skipped' : 'heeded'),
    onSuccess: onPublished,
    onError: (error) => {
      if (base && isOfAbsent(error)) onGone()
      else if ((base || isAgain) && error instanceof Problem && error.status === 412) onConflict()
    },
  })
  const before = { title: base ? text.revisionOf(base.revision) : text.nothingYet, value: base ? specOf(base) : null }
  // Somebody else may have published meanwhile what makes others fail.
  const late = failingOf(write.error)
  const inTheWay = late.length > 0 ? late : failing
  return (
    <Dialog wide title={base ? text.publishTitle(name) : isAgain ? text.againTitle(name) : text.createTitle(name)} onClose={onClose}>
      {isAgain && <p className="notice notice-warn">{text.againHint}</p>}
      <Comparison label={text.difference} before={before} after={{ title: text.yours, value: specOf(outcome) }} />
      <Warnings warnings={outcome.warnings ?? []} />
      {inTheWay.length > 0 && (
        <>
          <FailingTests tests={inTheWay} />
          <label className="row check">
            <input type="checkbox" checked={isAnyway} onChange={(event) => setAnyway(event.target.checked)} />
            {tests.iKnow}
          </label>
        </>
      )}
      {write.error && late.length === 0 && <Failure error={write.error} />}
      <div className="form-foot">
        <Button onClick={onClose}>{actions.cancel}</Button>
        <Button
          kind={inTheWay.length > 0 ? 'danger' : 'primary'}
          disabled={write.isPending || (inTheWay.length > 0 && !isAnyway)}
          onClick={() => write.mutate()}
        >
          {inTheWay.length > 0 ? tests.publishAnyway : base ? text.publish : isAgain ? text.createAgain : actions.create}
        </Button>
      </div>
    </Dialog>
  )
}
