import { useText } from '../i18n/use-text'
import { useFault } from '../rule/faults'
import { Button } from '../ui/button'
import { ChoiceCards } from '../ui/choice-cards'
import { TextField } from '../ui/field'
import { Menu } from '../ui/menu'
import { MatchesFields } from './matches-fields'
import { type Branch, WHEN_EMPTY } from './noun'
import { TargetsFields } from './targets-fields'

interface Props {
  index: number
  count: number
  branch: Branch
  onChange: (branch: Branch) => void
  onMove: (to: number) => void
  onDuplicate: () => void
  onRemove: () => void
}

/** A part of a rule: which calls it takes, where they go, and what happens where nobody is there for them. */
export function BranchFields({ index, count, branch, onChange, onMove, onDuplicate, onRemove }: Props) {
  const { routing: text, rules, actions } = useText()
  const at = `/branches/${index}`
  const number = index + 1
  const nameFault = useFault(`${at}/name`)
  const set = (change: Partial<Branch>) => onChange({ ...branch, ...change })
  return (
    <section className="panel branch" aria-label={text.branchOf(number)} data-at={at}>
      <header className="panel-head">
        <h3>
          <span className="branch-number num">{number}</span> {branch.name || text.branchOf(number)}
        </h3>
        <div className="row">
          <Button kind="ghost" icon="up" data-move={index} disabled={index === 0} aria-label={text.branchUp(number)} onClick={() => onMove(index - 1)} />
          <Button kind="ghost" icon="down" disabled={index === count - 1} aria-label={text.branchDown(number)} onClick={() => onMove(index + 1)} />
          <Menu
            label={text.moreForBranch(number)}
            icon="more"
            items={[
              { label: rules.duplicate, run: onDuplicate },
              ...(count > 1 ? [{ label: actions.delete, isDanger: true, run: onRemove }] : []),
            ]}
          />
        </div>
      </header>
      <div className="stack">
        <div className="fields">
          <TextField
            label={text.branchName}
            hint={text.branchNameHint}
            fault={nameFault}
            data-at={`${at}/name`}
            value={branch.name ?? ''}
            onChange={(name) => set({ name })}
          />
        </div>
        <MatchesFields
          at={at}
          matches={branch.matches}
          onChange={(matches) => {
            const { matches: _, ...rest } = branch
            onChange(matches ? { ...rest, matches } : rest)
          }}
        />
        <div className="stack-tight">
          <h4 className="sub-head">{text.targets}</h4>
          <TargetsFields at={`${at}/targets`} targets={branch.targets} onChange={(targets) => set({ targets })} />
        </div>
        <ChoiceCards
          legend={text.whenEmpty}
          at={`${at}/when_empty`}
          fault={useFault(`${at}/when_empty`)}
          value={branch.when_empty ?? 'next_branch'}
          options={WHEN_EMPTY.map((value) => ({ value, ...text.whenEmpties[value] }))}
          onChange={(whenEmpty) => set({ when_empty: whenEmpty })}
        />
      </div>
    </section>
  )
}
