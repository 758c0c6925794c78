import { useState } from 'react'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Comparison } from './comparison'
import { type Clash, merge } from './merge'
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
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [shown, setShown] = useState<'theirs' | 'mine' | 'both'>('theirs')
  const before = specOf(base)
  const after = specOf(theirs)
  const { spec, clashes } = merge(before, mine, after, (path) => chosen.has(path))
  const sides = {
    theirs: { title: text.theirs(theirs.revision), value: after },
    mine: { title: text.yours, value: mine },
    both: { title: text.both, value: spec },
  }
  function choose(path: string, isMine: boolean) {
    const next = new Set(chosen)
    if (isMine) next.add(path)
    else next.delete(path)
    setChosen(next)
  }
  return (
    <Dialog wide title={text.conflictTitle(base.name)} onClose={onClose}>
      <p>{text.conflictHint(base.revision, theirs.revision)}</p>
      {clashes.length > 0 && (
        <section className="stack" aria-label={text.clashes(clashes.length)}>
          <strong>{text.clashes(clashes.length)}</strong>
          {clashes.map((clash) => (
            <ClashChoice key={clash.path} clash={clash} isMine={chosen.has(clash.path)} choose={(isMine) => choose(clash.path, isMine)} />
          ))}
        </section>
      )}
      {clashes.length === 0 && <p className="notice">{text.noClash}</p>}
      <div className="row wrap">
        <span className="muted">{text.compareBase(base.revision)}</span>
        <div className="segments">
          {(['theirs', 'mine', 'both'] as const).map((side) => (
            <button key={side} type="button" aria-pressed={shown === side} onClick={() => setShown(side)}>
              {{ theirs: text.theirsShort, mine: text.yours, both: text.both }[side]}
            </button>
          ))}
        </div>
      </div>
      <Comparison label={text.difference} before={{ title: text.revisionOf(base.revision), value: before }} after={sides[shown]} />
      <div className="form-foot wrap">
        <Button onClick={onClose}>{actions.cancel}</Button>
        <Button onClick={() => onDecide(after)}>{text.takeTheirs}</Button>
        <Button onClick={() => onDecide(mine)}>{text.keepMine}</Button>
        <Button kind="primary" onClick={() => onDecide(spec)}>
          {text.takeBoth}
        </Button>
      </div>
    </Dialog>
  )
}

const written = (value: unknown) => (value === undefined ? '∅' : JSON.stringify(value))

/** One part that both changed: whose is taken. */
function ClashChoice({ clash, isMine, choose }: { clash: Clash; isMine: boolean; choose: (isMine: boolean) => void }) {
  const { rules: text } = useText()
  return (
    <fieldset className="clash">
      <legend>
        <code>{clash.path}</code>
      </legend>
      {[false, true].map((mine) => (
        <label key={String(mine)} className="row">
          <input type="radio" name={clash.path} checked={isMine === mine} onChange={() => choose(mine)} />
          <span>{mine ? text.yours : text.theirsShort}</span>
          <code className="clip">{written(mine ? clash.mine : clash.theirs)}</code>
        </label>
      ))}
    </fieldset>
  )
}
