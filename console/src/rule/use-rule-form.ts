import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { RuleWarning } from '../api/client'
import { Problem } from '../api/problem'
import { useFeedState } from '../live/use-live'
import { tryRule } from './api'
import { type Faults, faultsOf } from './faults'
import { isSame } from './merge'
import { type CommonSpec, type Noun, type Rule, specOf, type Written } from './noun'

/** A rule as somebody is writing it. */
export interface Draft<Spec extends CommonSpec> {
  namespace: string
  name: string
  spec: Spec
  /** The rule that it was made from; none for a new one. */
  base: Rule<Spec> | undefined
}

/** What the control plane says of a draft. */
export type Judgement<Spec extends CommonSpec> =
  | { is: 'unasked' | 'asking' }
  | { is: 'fine'; rule: Written<Spec> }
  | { is: 'refused'; faults: Faults }
  | { is: 'conflict' }
  | { is: 'away' }

export interface RuleForm<Spec extends CommonSpec> {
  draft: Draft<Spec>
  isNew: boolean
  isDirty: boolean
  judgement: Judgement<Spec>
  /** Asks what the control plane says of the draft now, instead of after a pause; no answer if the draft changes before it. */
  ask: () => Promise<Judgement<Spec> | undefined>
  /** What is probably not meant in the draft, once it is known. */
  warnings: readonly RuleWarning[] | undefined
  faults: Faults
  /** The rule as somebody else left it, while there are changes to what it was. */
  theirs: Rule<Spec> | undefined
  set: (change: Partial<Spec>) => void
  setSpec: (spec: Spec) => void
  setId: (id: { namespace: string; name: string }) => void
  report: (pointer: string, fault: string | undefined) => void
  /** Begins anew from what the control plane has, with or without changes to it. */
  restart: (base: Rule<Spec>, spec?: Spec) => void
  discard: () => void
  /** Keeps what was typed for a rule that is gone: writing it creates it again. */
  detach: () => void
}

/** A pause in typing this long asks the control plane. */
const PAUSE_MS = 250

export const draftOf = <Spec extends CommonSpec>(rule: Rule<Spec>): Draft<Spec> => ({
  namespace: rule.namespace,
  name: rule.name,
  spec: specOf(rule),
  base: rule,
})

/**
 * What somebody writes, kept whatever happens to the connection or to the rule.
 *
 * The control plane judges each state of it without writing it. A rule that somebody else changed is
 * taken over as long as nothing was typed.
 */
export function useRuleForm<Spec extends CommonSpec>(noun: Noun<Spec>, start: Draft<Spec>, current: Rule<Spec> | undefined): RuleForm<Spec> {
  const [draft, setDraft] = useState(start)
  const [local, setLocal] = useState<Faults>({})
  const [blank] = useState(start)
  const { base, spec } = draft
  const isNew = base === undefined
  const isDirty = isNew ? !isSame(draft, blank) : !isSame(spec, specOf(base))
  const isOvertaken = base !== undefined && current !== undefined && current.revision > base.revision
  if (isOvertaken && !isDirty) setDraft(draftOf(current))
  const { judgement, ask } = useJudgement(noun, draft, isDirty)

  const report = useCallback((pointer: string, fault: string | undefined) => {
    setLocal((known) => {
      const rest = Object.entries(known).filter(([place]) => place !== pointer)
      return Object.fromEntries(fault === undefined ? rest : [...rest, [pointer, fault]])
    })
  }, [])
  const faults = useMemo(() => ({ ...(judgement.is === 'refused' ? judgement.faults : {}), ...local }), [judgement, local])
  return {
    draft,
    isNew,
    isDirty,
    judgement,
    ask,
    warnings: judgement.is === 'fine' ? judgement.rule.warnings : undefined,
    faults,
    theirs: isOvertaken && isDirty ? current : undefined,
    set: (change) => setDraft((now) => ({ ...now, spec: { ...now.spec, ...change } })),
    setSpec: (next) => setDraft((now) => ({ ...now, spec: next })),
    setId: (id) => {
      report('/name', undefined)
      setDraft((now) => ({ ...now, ...id }))
    },
    report,
    restart: (rule, next) => setDraft({ ...draftOf(rule), ...(next ? { spec: next } : {}) }),
    detach: () => setDraft((now) => ({ ...now, base: undefined })),
    discard: () => setDraft(base ? draftOf(current ?? base) : blank),
  }
}

/** The name under which a rule without one is tried. */
const NAMELESS = 'unnamed'

/**
 * Asks whether a draft could be written, a moment after each change and when the connection is back.
 *
 * One question is under way at a time: a late one would find the draft written, and call that a conflict.
 */
function useJudgement<Spec extends CommonSpec>(noun: Noun<Spec>, draft: Draft<Spec>, isDirty: boolean): Pick<RuleForm<Spec>, 'judgement' | 'ask'> {
  const [judged, setJudged] = useState<{ draft: Draft<Spec>; judgement: Judgement<Spec> } | null>(null)
  const isLost = useFeedState().is === 'lost'
  /** Takes back the question that waits or is under way. */
  const stop = useRef(() => {})
  const ask = useCallback(async () => {
    stop.current()
    const asking = new AbortController()
    stop.current = () => asking.abort()
    try {
      const judgement = await judge(noun, draft, asking.signal)
      if (asking.signal.aborted) return undefined
      setJudged({ draft, judgement })
      return judgement
    } catch (error) {
      if (asking.signal.aborted) return undefined
      throw error
    }
  }, [noun, draft])
  useEffect(() => {
    if (!isDirty || isLost) return undefined
    const timer = setTimeout(() => void ask(), PAUSE_MS)
    stop.current = () => clearTimeout(timer)
    return () => stop.current()
  }, [ask, isDirty, isLost])
  // What is wrong stays in sight until the answer for what is typed now.
  const isKept = judged?.judgement.is === 'refused' || judged?.draft === draft
  const known: Judgement<Spec> = judged && isKept ? judged.judgement : { is: 'asking' }
  return { judgement: !isDirty ? { is: 'unasked' } : isLost ? { is: 'away' } : known, ask }
}

/** What the control plane says of a draft, now. */
async function judge<Spec extends CommonSpec>(noun: Noun<Spec>, draft: Draft<Spec>, signal: AbortSignal): Promise<Judgement<Spec>> {
  const { namespace, name, spec, base } = draft
  try {
    const rule = { namespace, name: name || NAMELESS, spec, revision: base?.revision }
    return { is: 'fine', rule: await tryRule(noun.collection, rule, signal) }
  } catch (error) {
    if (error instanceof DOMException) throw error
    if (error instanceof Problem && error.isOffline) return { is: 'away' }
    if (error instanceof Problem && error.status === 412) {
      return base ? { is: 'conflict' } : { is: 'refused', faults: { '/name': error.message } }
    }
    return { is: 'refused', faults: faultsOf(error) }
  }
}
