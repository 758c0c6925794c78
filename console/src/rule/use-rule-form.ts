import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { Problem } from '../api/problem'
import { toldFault } from '../i18n/told'
import { useText } from '../i18n/use-text'
import { useFeedState } from '../live/use-live'
import { useScope } from '../shell/scope'
import { type Check, check } from './check'
import { type Document, readDocument } from './document'
import type { Faults } from './faults'
import { isSame } from './merge'
import { type CommonSpec, type Noun, type Rule, specOf } from './noun'

/** A rule as somebody is writing it. */
export interface Draft<Spec extends CommonSpec> {
  namespace: string
  name: string
  spec: Spec
  /** The rule that it was made from; none for a new one. */
  base: Rule<Spec> | undefined
}

/** What the control plane says of a draft. */
export type Judgement =
  | { is: 'unasked' | 'asking' | 'away' }
  /** It can be published; if it is failing, only in spite of tests. */
  | { is: 'fine' | 'failing' | 'refused'; check: Check }
  /** The question was not answered, although the control plane is there: nothing is known of the draft. */
  | { is: 'unanswered'; error: unknown }

export interface RuleForm<Spec extends CommonSpec> {
  draft: Draft<Spec>
  /** The spec as it was typed as text; none if it was last changed otherwise. */
  typed: Document | null
  isNew: boolean
  /** Something was typed that is not published, be it readable or not. */
  isDirty: boolean
  judgement: Judgement
  /** Asks what the control plane says of the draft now, instead of after a pause; no answer if the draft changes before it. */
  ask: () => Promise<Judgement | undefined>
  /** What there is to say about the draft as it is, once that is known. */
  check: Check | undefined
  faults: Faults
  /** The rule as somebody else left it, while there are changes to what it was. */
  theirs: Rule<Spec> | undefined
  set: (change: Partial<Spec>) => void
  setSpec: (spec: Spec) => void
  /** Takes the spec as text; text that cannot be read is kept, and the draft stays as it was. */
  setDocument: (text: string) => void
  setId: (id: { namespace: string; name: string }) => void
  report: (pointer: string, fault: string | undefined) => void
  /** Begins anew from what the control plane has, with or without changes to it. */
  restart: (base: Rule<Spec>, spec?: Spec) => void
  discard: () => void
}

/** A pause in typing this long asks the control plane. */
const PAUSE_MS = 250

/** A question without an answer is asked again after this long. */
const RETRY_MS = 5_000

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
  const text = useText()
  const [{ draft, typed }, setState] = useState<{ draft: Draft<Spec>; typed: Document | null }>({ draft: start, typed: null })
  const [local, setLocal] = useState<Faults>({})
  const [blank] = useState(start)
  const { base, spec } = draft
  const isNew = base === undefined
  const isChanged = isNew ? !isSame(draft, blank) : !isSame(spec, specOf(base))
  const isDirty = isChanged || typed?.fault !== undefined
  const isOvertaken = base !== undefined && current !== undefined && current.revision > base.revision
  if (isOvertaken && !isDirty) setDraft(draftOf(current))
  const { judgement, ask } = useJudgement(noun, draft, isChanged)

  function setDraft(next: Draft<Spec>) {
    setState({ draft: next, typed: null })
  }
  function setSpec(change: (spec: Spec) => Spec) {
    setState(({ draft: now }) => ({ draft: { ...now, spec: change(now.spec) }, typed: null }))
  }
  function setDocument(written: string) {
    const read = readDocument<Spec>(written, text.rules)
    setState(({ draft: now }) => ({ draft: { ...now, spec: read.spec ?? now.spec }, typed: { text: written, fault: read.fault } }))
  }
  const report = useCallback((pointer: string, fault: string | undefined) => {
    setLocal((known) => {
      const rest = Object.entries(known).filter(([place]) => place !== pointer)
      return Object.fromEntries(fault === undefined ? rest : [...rest, [pointer, fault]])
    })
  }, [])
  const faults = useMemo((): Faults => {
    const found: Record<string, string> = {}
    if (judgement.is === 'refused') {
      if (judgement.check.isTaken) found['/name'] = text.rules.nameTaken
      for (const fault of judgement.check.refused) found[fault.place] ??= toldFault(fault, text)
    }
    if (typed?.fault !== undefined) found['/'] = typed.fault
    return { ...found, ...local }
  }, [judgement, local, text, typed])
  return {
    draft,
    typed,
    isNew,
    isDirty,
    judgement,
    ask,
    check: 'check' in judgement ? judgement.check : undefined,
    faults,
    theirs: isOvertaken && isDirty ? current : undefined,
    set: (change) => setSpec((now) => ({ ...now, ...change })),
    setSpec: (next) => setSpec(() => next),
    setDocument,
    setId: (id) => {
      report('/name', undefined)
      setState((now) => ({ ...now, draft: { ...now.draft, ...id } }))
    },
    report,
    restart: (rule, next) => setDraft({ ...draftOf(rule), ...(next ? { spec: next } : {}) }),
    discard: () => setDraft(base ? draftOf(current ?? base) : blank),
  }
}

/** Whether there is something to ask about a draft that is as it was published: what becomes of its tests. */
const hasTests = (spec: object) => 'tests' in spec && Array.isArray(spec.tests) && spec.tests.length > 0

/**
 * Asks whether a draft could be written, a moment after each change and when the connection is back.
 *
 * One question is under way at a time, and none about a moment that is past. One that is not answered is
 * asked again.
 */
function useJudgement<Spec extends CommonSpec>(noun: Noun<Spec>, draft: Draft<Spec>, isDirty: boolean): Pick<RuleForm<Spec>, 'judgement' | 'ask'> {
  const [judged, setJudged] = useState<{ draft: Draft<Spec>; judgement: Judgement } | null>(null)
  const { asOf } = useScope()
  const isLost = useFeedState().is === 'lost'
  const isWanted = asOf === undefined && (isDirty || hasTests(draft.spec))
  /** Takes back the question that waits or is under way. */
  const stop = useRef(() => {})
  const later = useCallback((run: () => void, pause: number) => {
    stop.current()
    const timer = setTimeout(run, pause)
    stop.current = () => clearTimeout(timer)
  }, [])
  const ask = useCallback(async function again() {
    stop.current()
    const asking = new AbortController()
    stop.current = () => asking.abort()
    const judgement = await judge(noun, draft, asking.signal)
    if (asking.signal.aborted) return undefined
    setJudged({ draft, judgement })
    if (judgement.is === 'away' || judgement.is === 'unanswered') later(() => void again(), RETRY_MS)
    return judgement
  }, [noun, draft, later])
  useEffect(() => {
    if (isWanted && !isLost) later(() => void ask(), PAUSE_MS)
    return () => stop.current()
  }, [ask, later, isWanted, isLost])
  // What is wrong stays in sight until the answer for what is typed now.
  const isKept = judged?.judgement.is === 'refused' || judged?.draft === draft
  const known: Judgement = judged && isKept ? judged.judgement : { is: 'asking' }
  return { judgement: !isWanted ? { is: 'unasked' } : isLost ? { is: 'away' } : known, ask }
}

/** What the control plane says of a draft, now. */
async function judge<Spec extends CommonSpec>(noun: Noun<Spec>, draft: Draft<Spec>, signal: AbortSignal): Promise<Judgement> {
  try {
    const found = await check(noun, draft, signal)
    const isFailing = found.broken.length > 0 || found.tests.some(({ passed }) => !passed)
    const is = found.refused.length > 0 || found.isTaken ? 'refused' : isFailing ? 'failing' : 'fine'
    return { is, check: found }
  } catch (error) {
    if (error instanceof Problem && error.isOffline) return { is: 'away' }
    return { is: 'unanswered', error }
  }
}
