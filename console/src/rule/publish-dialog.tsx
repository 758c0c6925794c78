import { useMutation } from '@tanstack/react-query'
import { Problem } from '../api/problem'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Fault } from '../ui/states'
import { Comparison } from './comparison'
import { type CommonSpec, type Noun, specOf, type Written } from './noun'
import type { Draft } from './use-rule-form'
import { useRuleWrites } from './use-rule-writes'
import { Warnings } from './warnings'

interface Props<Spec extends CommonSpec> {
  noun: Noun<Spec>
  draft: Draft<Spec>
  /** The rule as the control plane would have it. */
  outcome: Written<Spec>
  onPublished: (rule: Written<Spec>) => void
  onConflict: () => void
  onClose: () => void
}

/** Shows what publishing would change, and publishes. */
export function PublishDialog<Spec extends CommonSpec>({ noun, draft, outcome, onPublished, onConflict, onClose }: Props<Spec>) {
  const { rules: text, states, actions } = useText()
  const { publish } = useRuleWrites(noun)
  const { namespace, name, spec, base } = draft
  const write = useMutation({
    mutationFn: () => publish({ namespace, name }, spec, base),
    onSuccess: onPublished,
    onError: (error) => {
      if (base && error instanceof Problem && error.status === 412) onConflict()
    },
  })
  const before = { title: base ? text.revisionOf(base.revision) : text.nothingYet, value: base ? specOf(base) : null }
  const isOffline = write.error instanceof Problem && write.error.isOffline
  return (
    <Dialog wide title={base ? text.publishTitle(name) : text.createTitle(name)} onClose={onClose}>
      <Comparison label={text.difference} before={before} after={{ title: text.yours, value: specOf(outcome) }} />
      <Warnings warnings={outcome.warnings ?? []} />
      {write.error && <Fault>{isOffline ? states.offline : write.error.message}</Fault>}
      <div className="form-foot">
        <Button onClick={onClose}>{actions.cancel}</Button>
        <Button kind="primary" disabled={write.isPending} onClick={() => write.mutate()}>
          {base ? text.publish : actions.create}
        </Button>
      </div>
    </Dialog>
  )
}
