import { useState } from 'react'
import { Problem } from '../api/problem'
import { useTold } from '../i18n/use-told'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Fault } from '../ui/states'
import { toast } from '../ui/toast'
import { askAnyway } from './anyway'
import { putRule, revertRule, type Tests } from './api'
import { failingOf } from './failing-tests'
import { type CommonSpec, keyOf, type Noun, type Rule, specOf, type Written } from './noun'
import { around, type Reprioritized } from './order'
import { useRuleWrites } from './use-rule-writes'

interface Props<Spec extends CommonSpec> {
  noun: Noun<Spec>
  rules: readonly Rule<Spec>[]
  changes: readonly Reprioritized<Rule<Spec>>[]
  onDone: () => void
  onClose: () => void
}

/** Shows which priorities make the wished order, and writes them. */
export function ReorderDialog<Spec extends CommonSpec>({ noun, rules, changes, onDone, onClose }: Props<Spec>) {
  const { rules: text, actions } = useText()
  const { refresh } = useRuleWrites(noun)
  const told = useTold()
  const [isWriting, setWriting] = useState(false)
  const [fault, setFault] = useState<string | null>(null)
  const next = new Map(changes.map(({ rule, priority }) => [keyOf(rule), priority]))

  async function publish() {
    setWriting(true)
    const written: { before: Rule<Spec>; after: Written<Spec> }[] = []
    /** Writes a rule; asks what to do if tests of rules are in the way of this one. */
    async function put(rule: Rule<Spec>, spec: Spec, tests: Tests = 'heeded'): Promise<Written<Spec>> {
      try {
        return await putRule<Spec>(noun.collection, { ...rule, spec, revision: rule.revision }, tests)
      } catch (error) {
        const failing = failingOf(error)
        if (failing.length === 0 || tests === 'skipped' || !(await askAnyway(rule.name, failing))) throw error
        return put(rule, spec, 'skipped')
      }
    }
    try {
      for (const { rule, priority } of changes) {
        const spec = { ...specOf(rule), priority }
        // oxlint-disable-next-line no-await-in-loop -- the first refusal ends it
        written.push({ before: rule, after: await put(rule, spec) })
      }
      onDone()
    } catch (error) {
      const isLate = error instanceof Problem && error.status === 412
      const reason = isLate ? text.changedMeanwhile : told(error)
      setFault(text.reorderedPartly(written.length, changes.length, reason))
    }
    setWriting(false)
    void refresh()
    if (written.length > 0) toast(text.reordered(written.length), () => void takeBack(written))
  }

  async function takeBack(written: { before: Rule<Spec>; after: Written<Spec> }[]) {
    const reverts = written.map(({ before, after }) => revertRule(noun.collection, before, before.revision, after.revision))
    const outcomes = await Promise.allSettled(reverts)
    toast(text.reorderUndone(outcomes.filter(({ status }) => status === 'fulfilled').length, written.length))
    void refresh()
  }

  return (
    <Dialog wide title={text.reorderTitle} isBusy={isWriting} onClose={onClose}>
      <p>{text.reorderHint(changes.length)}</p>
      <div className="table-scroll">
        <table className="table table-wrap" aria-label={text.reorderTitle}>
          <thead>
            <tr>
              <th scope="col" style={{ width: '56px' }}>
                {text.place}
              </th>
              <th scope="col">{text.name}</th>
              <th scope="col" style={{ width: '140px' }}>
                {text.priority}
              </th>
            </tr>
          </thead>
          <tbody>
            {around(rules, (rule) => next.has(keyOf(rule))).map((shown) => {
              if ('skipped' in shown) {
                return (
                  <tr key={shown.index} className="row-quiet">
                    <td colSpan={3}>{text.unmoved(shown.skipped)}</td>
                  </tr>
                )
              }
              const { index, row: rule } = shown
              const priority = next.get(keyOf(rule))
              return (
                <tr key={index} className={priority === undefined ? 'row-quiet' : undefined}>
                  <td className="num">{index + 1}</td>
                  <td>{rule.name}</td>
                  <td className="num">
                    {priority === undefined ? (rule.priority ?? 0) : <strong>{text.priorityChange(rule.priority ?? 0, priority)}</strong>}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
      {fault && <Fault>{fault}</Fault>}
      <div className="form-foot">
        <Button disabled={isWriting} onClick={onClose}>
          {actions.cancel}
        </Button>
        <Button kind="primary" disabled={isWriting} onClick={() => void publish()}>
          {text.publish}
        </Button>
      </div>
    </Dialog>
  )
}
