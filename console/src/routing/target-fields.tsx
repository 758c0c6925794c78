import { use } from 'react'
import { useText } from '../i18n/use-text'
import { useFault } from '../rule/faults'
import { Button } from '../ui/button'
import { SelectField, TextField } from '../ui/field'
import type { Fit } from './fit'
import { LabelsFields } from './labels-fields'
import { priorityOf, type Target } from './noun'
import { targetBrief } from './sentence'
import { ShareField } from './share-field'
import { SuggestionsContext } from './suggestions'

interface Props {
  /** The place of the target in the rule, as a JSON pointer. */
  at: string
  number: number
  target: Target
  /** Its percentage of the calls. */
  share: number
  /** No other target is tried together with it. */
  isAlone: boolean
  isLocked: boolean
  fit: Fit
  onChange: (target: Target) => void
  onShare: (share: number) => void
  onLock: () => void
  onRemove: (() => void) | undefined
}

const PRIORITIES = [...Array.from({ length: 10 }).keys()]

/** A group of instances: which they are, how many there are now, and what share of the calls they get. */
export function TargetFields({ at, number, target, share, isAlone, isLocked, fit, onChange, onShare, onLock, onRemove }: Props) {
  const { routing: text, sentence } = useText()
  const { calleeLabels } = use(SuggestionsContext)
  const brief = targetBrief(target, sentence)
  const name = text.targetOf(number)
  return (
    <div className="target" role="group" aria-label={name} data-at={at}>
      <div className="row spread">
        <div className="row wrap">
          <strong className="clip">{brief}</strong>
          <FitBadge fit={fit} />
        </div>
        {onRemove && <Button kind="ghost" icon="close" aria-label={text.removeTarget(number)} onClick={onRemove} />}
      </div>
      <ShareField
        at={`${at}/weight`}
        label={text.shareOf(brief)}
        share={share}
        isAlone={isAlone}
        isLocked={isLocked}
        onShare={onShare}
        onLock={onLock}
      />
      <LabelsFields
        at={`${at}/labels`}
        label={text.labelsOf(number)}
        labels={target.labels ?? {}}
        known={calleeLabels}
        onChange={(labels) => onChange({ ...target, labels })}
      />
      <div className="fields">
        <TextField
          label={text.targetName}
          fault={useFault(`${at}/name`)}
          data-at={`${at}/name`}
          value={target.name ?? ''}
          onChange={(next) => onChange({ ...target, name: next })}
        />
        <SelectField
          label={text.targetPriority}
          fault={useFault(`${at}/priority`)}
          value={String(priorityOf(target))}
          options={PRIORITIES.map((priority) => [String(priority), text.priorities(priority)] as const)}
          onChange={(priority) => onChange({ ...target, priority: Number(priority) })}
        />
      </div>
    </div>
  )
}

/** How many instances a target holds now, and how many of them may get calls. */
function FitBadge({ fit }: { fit: Fit }) {
  const { routing: text } = useText()
  if (!fit) return null
  const state = fit.instances === 0 ? 'badge-unhealthy' : fit.candidates < fit.instances ? 'badge-warn' : 'badge-healthy'
  return (
    <span className={`badge num ${state}`}>
      <span className="dot" aria-hidden="true" />
      {text.fits(fit.instances, fit.candidates)}
    </span>
  )
}
