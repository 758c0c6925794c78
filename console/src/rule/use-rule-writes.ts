import { useQueryClient } from '@tanstack/react-query'
import { Problem } from '../api/problem'
import { useTold } from '../i18n/use-told'
import { useText } from '../i18n/use-text'
import { whileLeaving } from '../live/leaving'
import { toast, toastError } from '../ui/toast'
import { askAnyway } from './anyway'
import { deleteRule, putRule, revertRule, ruleQuery, type Tests } from './api'
import { failingOf } from './failing-tests'
import { type CommonSpec, isEnabled, type Noun, type Rule, specOf, type Written } from './noun'

/** What an operator does to a rule; every outcome is told in a toast, with a way back. */
export function useRuleWrites<Spec extends CommonSpec>(noun: Noun<Spec>) {
  const { rules: text } = useText()
  const toldOf = useTold()
  const client = useQueryClient()
  const { collection } = noun

  const show = (rule: Rule<Spec>) => client.setQueryData(ruleQuery<Spec>(collection, rule).queryKey, rule)
  const refresh = () =>
    client.invalidateQueries({ predicate: ({ queryKey: [kind, of] }) => (kind === 'rule' || kind === 'rules') && of === collection })

  /** Writes; asks what to do if tests of rules are in the way. */
  async function attempt(name: string, write: (tests: Tests) => Promise<void>, tests: Tests = 'heeded'): Promise<boolean> {
    try {
      await write(tests)
      return true
    } catch (error) {
      const failing = failingOf(error)
      if (failing.length > 0) return (await askAnyway(name, failing)) && (await attempt(name, write, 'skipped'))
      const isLate = error instanceof Problem && error.status === 412
      toastError(text.refused(name, isLate ? text.changedMeanwhile : toldOf(error)))
      return false
    } finally {
      void refresh()
    }
  }

  /** Tells of a write, and offers what the rule said before it. */
  function told(written: Rule<Spec>, before: Rule<Spec> | undefined, message: string) {
    const undo = () =>
      void attempt(written.name, async (tests) => {
        if (before) show(await revertRule<Spec>(collection, written, before.revision, written.revision, tests))
        else await deleteRule(collection, written, tests)
        toast(text.undone(written.name))
      })
    toast(message, undo)
  }

  /** Writes a rule, or throws why it was not. */
  async function publish(
    id: { namespace: string; name: string },
    spec: Spec,
    base: Rule<Spec> | undefined,
    tests: Tests,
  ): Promise<Written<Spec>> {
    const written = await putRule<Spec>(collection, { ...id, spec, revision: base?.revision }, tests)
    show(written)
    void refresh()
    told(written, base, base ? text.published(id.name) : text.created(id.name))
    return written
  }

  const enable = (rule: Rule<Spec>): Promise<boolean> =>
    attempt(rule.name, async (tests) => {
      const enabled = !isEnabled(rule)
      const spec = { ...specOf(rule), enabled }
      const written = await putRule<Spec>(collection, { ...rule, spec, revision: rule.revision }, tests)
      show(written)
      told(written, rule, enabled ? text.wasEnabled(rule.name) : text.wasDisabled(rule.name))
    })

  /** Deletes a rule; whoever shows it leaves it before it is looked for again. */
  const remove = (rule: Rule<Spec>, leave?: () => Promise<void>): Promise<boolean> =>
    attempt(rule.name, async (tests) => {
      await whileLeaving(ruleQuery(collection, rule).queryKey, async () => {
        await deleteRule(collection, rule, tests)
        await leave?.()
      })
      const undo = () =>
        void attempt(rule.name, async (heeded) => {
          show(await revertRule<Spec>(collection, rule, rule.revision, undefined, heeded))
          toast(text.restored(rule.name))
        })
      toast(text.deleted(rule.name), undo)
    })

  /** Brings a rule back to what it said at a revision; `current` is the rule as it is, none if it is deleted. */
  const revert = (id: { namespace: string; name: string }, to: number, current: Rule<Spec> | undefined): Promise<boolean> =>
    attempt(id.name, async (tests) => {
      const written = await revertRule<Spec>(collection, id, to, current?.revision, tests)
      show(written)
      told(written, current, text.reverted(id.name, to))
    })

  return { publish, enable, remove, revert, refresh }
}
