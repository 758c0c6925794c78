import { useState } from 'react'
import { Problem } from '../api/problem'
import { useTold } from '../i18n/use-told'
import { useText } from '../i18n/use-text'
import { isOfAbsent, tryRule } from './api'
import { failingAmong, failingOf, type FailingTest } from './failing-tests'
import { goTo } from './faults'
import type { CommonSpec, Noun, Written } from './noun'
import type { Draft, RuleForm } from './use-rule-form'

/** What is open over an editor. */
export type Open<Spec extends CommonSpec> =
  | { is: 'conflict' }
  /** `draft` is what is published: of a rule that is gone, one that is created again. */
  | { is: 'publish'; draft: Draft<Spec>; isAgain: boolean; outcome: Written<Spec>; failing: FailingTest[] }
  | null

interface Review<Spec extends CommonSpec> {
  open: Open<Spec>
  setOpen: (open: Open<Spec>) => void
  /** Why the draft as it was reviewed would be refused, although nothing is wrong with it. */
  refusal: string | undefined
  review: () => Promise<void>
}

/** Looks at what publishing would change: a rehearsal of it, once nothing is wrong with the draft. */
export function useReview<Spec extends CommonSpec>(noun: Noun<Spec>, form: RuleForm<Spec>, isGone: boolean, onConflict: () => void): Review<Spec> {
  const { rules: text } = useText()
  const told = useTold()
  const [open, setOpen] = useState<Open<Spec>>(null)
  const [refused, setRefused] = useState<{ draft: unknown; why: string }>()
  const { draft, report } = form

  /** Rehearses a write that these tests would refuse, and others if somebody else is at work. */
  async function rehearse(failing: FailingTest[], isAgain: boolean) {
    const published = isAgain ? { ...draft, base: undefined } : draft
    const { namespace, name, spec, base } = published
    const rule = { namespace, name, spec, revision: base?.revision }
    const outcome = await tryRule(noun.collection, rule, failing.length > 0 ? 'skipped' : 'heeded')
    setOpen({ is: 'publish', draft: published, isAgain, outcome, failing })
  }

  async function attempt(failing: FailingTest[], isAgain: boolean) {
    try {
      await rehearse(failing, isAgain)
    } catch (error) {
      const others = failingOf(error)
      if (others.length > 0 && failing.length === 0) await attempt(others, isAgain)
      // That it was deleted may not have reached the page yet.
      else if (draft.base && !isAgain && isOfAbsent(error)) await attempt(failing, true)
      else if (!(error instanceof Problem) || error.status !== 412) setRefused({ draft, why: told(error) })
      else if (draft.base) onConflict()
      else report('/name', text.nameTaken)
    }
  }

  async function review() {
    if (draft.name === '') {
      report('/name', text.nameMissing)
      return goTo('/name')
    }
    setRefused(undefined)
    const judgement = await form.ask()
    if (judgement?.is === 'refused') goTo(judgement.check.refused[0]?.place ?? '/name')
    if (judgement?.is !== 'fine' && judgement?.is !== 'failing') return
    const { tests, broken } = judgement.check
    await attempt([...failingAmong(tests, draft), ...broken], isGone && draft.base !== undefined)
  }
  return { open, setOpen, refusal: refused?.draft === draft ? refused.why : undefined, review }
}
