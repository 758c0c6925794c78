import { useState } from 'react'
import { ClashChoice, type Side } from '../conflict/clash-choice'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Comparison } from './comparison'
import { merge } from './merge'
import { type CommonSpec, type Rule, specOf } from './noun'

interface Props<Spec extends CommonSpec> {
  base: Rule<Spec>
  mine: Spec
  theirs: Rule<Spec>
  /** Takes what was decided; it can be looked at again before it is published. */
  onDecide: (spec: Spec) => void
  onClose: () => void
}

/** Shows what two people made of a rule, and lets the second decide what becomes of both. */
export function ConflictDialog<Spec extends CommonSpec>({ base, mine, theirs, onDecide, onClose }: Props<Spec>) {
  const { rules: text, actions } = useText()
  // Nothing is decided for whoever wrote second.
  const [chosen, setChosen] = useState<ReadonlyMap<string, Side>>(new Map())
  const [shown, setShown] = useState<'theirs' | 'mine' | 'both'>('theirs')
  const before = specOf(base)
  const after = specOf(theirs)
  const { spec, clashes } = merge(before, mine, after, (path) => chosen.get(path) === 'mine')
  const open = clashes.filter(({ path }) => !chosen.has(path)).length
  const undecided = open > 0 ? text.undecided(open) : undefined
  const sides = {
    theirs: { title: text.theirs(theirs.revision), value: after },
    mine: { title: text.yours, value: mine },
    both: { title: text.both, value: spec },
  }
  return (
    <Dialog wide title={text.conflictTitle(base.name)} onClose={onClose}>
      <p>{text.conflictHint(base.revision, theirs.revision)}</p>
      {clashes.length > 0 && (
        <section className="stack" aria-label={text.clashes(clashes.length)}>
          <strong>{text.clashes(clashes.length)}</strong>
          {clashes.map((clash) => (
            <ClashChoice
              key={clash.path}
              clash={clash}
              chosen={chosen.get(clash.path)}
              choose={(side) => setChosen(new Map(chosen).set(clash.path, side))}
            />
          ))}
        </section>
      )}
      {clashes.length === 0 && <p className="notice">{text.noClash}</p>}
      <div className="row wrap">
        <span className="muted">{text.compareBase(base.revision)}</span>
        <div className="segments">
          {(['theirs', 'mine', 'both'] as const).map((side) => (
            <button
              key={side}
              type="button"
              aria-pressed={shown === side}
              disabled={side === 'both' && undecided !== undefined}
              title={side === 'both' ? undecided : undefined}
              onClick={() => setShown(side)}
            >
              {{ theirs: text.theirsShort, mine: text.yours, both: text.both }[side]}
            </button>
          ))}
        </div>
      </div>
      <Comparison label={text.difference} before={{ title: text.revisionOf(base.revision), value: before }} after={sides[shown]} />
      <div className="form-foot wrap">
        <span className="grow muted" role="status">
          {undecided}
        </span>
        <Button onClick={onClose}>{actions.cancel}</Button>
        <Button onClick={() => onDecide(after)}>{text.takeTheirs}</Button>
        <Button onClick={() => onDecide(mine)}>{text.keepMine}</Button>
        <Button kind="primary" disabled={undecided !== undefined} onClick={() => onDecide(spec)}>
          {text.takeBoth}
        </Button>
      </div>
    </Dialog>
  )
}
