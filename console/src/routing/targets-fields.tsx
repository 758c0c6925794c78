import { useQuery } from '@tanstack/react-query'
import { use, useState } from 'react'
import { useText } from '../i18n/use-text'
import { useFault } from '../rule/faults'
import { useScope } from '../shell/scope'
import { Button } from '../ui/button'
import { type Fit, fitQuery } from './fit'
import { priorityOf, type Target, weightOf } from './noun'
import { SuggestionsContext } from './suggestions'
import { TargetFields } from './target-fields'
import { link, shares } from './weights'

interface Props {
  /** The place of the targets in the rule, as a JSON pointer. */
  at: string
  targets: Target[]
  onChange: (targets: Target[]) => void
}

/** The places of the targets that share calls with one: those that are tried together. */
function groupOf(targets: readonly Target[], index: number): number[] {
  const priority = priorityOf(targets[index] ?? {})
  return [...targets.keys()].filter((one) => priorityOf(targets[one] ?? {}) === priority)
}

/** Targets with other weights for a group of them. */
const weighted = (targets: readonly Target[], group: readonly number[], weights: readonly number[]) =>
  targets.map((target, index) => {
    const place = group.indexOf(index)
    return place < 0 ? target : { ...target, weight: weights[place] ?? weightOf(target) }
  })

const shareIn = (targets: readonly Target[], group: readonly number[], index: number) => {
  const weights = group.map((one) => weightOf(targets[one] ?? {}))
  return weights.every((weight) => weight === 0) ? 0 : (shares(weights)[group.indexOf(index)] ?? 0)
}

/** Where the calls of a branch go: groups of instances, and the share of each. */
export function TargetsFields({ at, targets, onChange }: Props) {
  const { routing: text } = useText()
  const { asOf } = useScope()
  const { callee } = use(SuggestionsContext)
  const [locked, setLocked] = useState<ReadonlySet<number>>(new Set())
  const fault = useFault(at)
  const isNamed = targets.every(({ labels = {} }) => !('' in labels))
  const query = fitQuery(callee ?? { namespace: '', service: '' }, targets, asOf)
  const { data } = useQuery({ ...query, enabled: callee !== undefined && isNamed })
  const fits: readonly Fit[] = callee === undefined ? [] : (data ?? [])

  function share(index: number, value: number) {
    const group = groupOf(targets, index)
    const held = new Set([...group.keys()].filter((place) => locked.has(group[place] ?? -1)))
    const weights = group.map((one) => weightOf(targets[one] ?? {}))
    onChange(weighted(targets, group, link(weights, group.indexOf(index), value, held)))
  }

  /** Gives what one leaves to those that it shared with. */
  function remove(index: number) {
    const left = targets.toSpliced(index, 1)
    const group = groupOf(targets, index).filter((one) => one !== index)
    const places = group.map((one) => (one > index ? one - 1 : one))
    setLocked(new Set())
    onChange(places.length === 0 ? left : weighted(left, places, shares(group.map((one) => weightOf(targets[one] ?? {})))))
  }

  function lock(index: number) {
    const next = new Set(locked)
    if (!next.delete(index)) next.add(index)
    setLocked(next)
  }

  return (
    <div className="stack-tight" data-at={at}>
      {targets.map((target, index) => {
        const group = groupOf(targets, index)
        return (
          <TargetFields
            // oxlint-disable-next-line react/no-array-index-key -- targets have no other name
            key={index}
            at={`${at}/${index}`}
            number={index + 1}
            target={target}
            share={shareIn(targets, group, index)}
            isAlone={group.length === 1}
            isLocked={locked.has(index)}
            fit={fits[index]}
            onChange={(next) => onChange(targets.with(index, next))}
            onShare={(value) => share(index, value)}
            onLock={() => lock(index)}
            onRemove={targets.length > 1 ? () => remove(index) : undefined}
          />
        )
      })}
      {fault && <p className="field-fault">{fault}</p>}
      <div className="row wrap">
        <Button icon="plus" onClick={() => onChange([...targets, { weight: 0 }])}>
          {text.addTarget}
        </Button>
        <Button icon="plus" onClick={() => onChange([...targets, { weight: 100, priority: Math.min(9, Math.max(...targets.map(priorityOf)) + 1) }])}>
          {text.addFallback}
        </Button>
      </div>
    </div>
  )
}
