import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useText } from '../i18n/use-text'
import { useScope } from '../shell/scope'
import { isUpTo } from '../time/moment'
import { Clock } from '../time/time'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { SelectField } from '../ui/field'
import { Failed, Loading } from '../ui/states'
import { type RuleId, revisionsQuery } from './api'
import { Comparison } from './comparison'
import { type CommonSpec, type Noun, type Revision, type Rule, specOf } from './noun'
import { useRuleWrites } from './use-rule-writes'

/** Stands in the address for what was before the first state. */
const NOTHING = '0'

interface Props<Spec extends CommonSpec> {
  noun: Noun<Spec>
  id: RuleId
  /** The rule as it is; none if it is deleted. */
  current: Rule<Spec> | undefined
  isReadOnly: boolean
  /** The two revisions that are compared, as in the address. */
  from: string | undefined
  to: string | undefined
  compare: (from: string, to: string) => void
}

/** Every state of a rule: any two of them side by side, and the way back to one. */
export function History<Spec extends CommonSpec>({ noun, id, current, isReadOnly, from, to, compare }: Props<Spec>) {
  const { rules: text, changes } = useText()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(revisionsQuery<Spec>(noun.collection, id))
  const { asOf } = useScope()
  const states = (data?.pages.flatMap(({ items }) => items) ?? []).filter((one) => asOf === undefined || isUpTo(asOf, one))
  // All that was read may be of later than the moment that is looked at.
  const isTooLate = states.length === 0 && hasNextPage && !isFetchingNextPage
  useEffect(() => {
    if (isTooLate) void fetchNextPage()
  }, [isTooLate, fetchNextPage])
  const [reverted, setReverted] = useState<Revision<Spec> | null>(null)
  // Of a rule that never was, the page says so already.
  if (error && !data) return current && <Failed error={error} retry={() => void refetch()} />
  if (!data) return <Loading />
  const at = (revision: string | undefined) => states.findIndex((one) => String(one.revision) === revision)
  const later = at(to) < 0 ? 0 : at(to)
  const earlier = from === NOTHING ? -1 : at(from) < 0 ? later + 1 : at(from)
  const [before, after] = [states[earlier], states[later]]
  const options = states.map(({ revision, action }) => [String(revision), `${revision} · ${text.actions[action]}`] as const)
  return (
    <div className="columns history">
      <section className="stack" aria-label={text.history}>
        <ol className="revisions" aria-label={text.revisions}>
          {states.map((state, index) => (
            <li key={state.revision} className={index === later ? 'revision revision-shown' : 'revision'}>
              <div className="grow">
                <div className="row wrap">
                  <strong className="num">{state.revision}</strong>
                  <span>{text.actions[state.action]}</span>
                  {index === 0 && current && asOf === undefined && <span className="badge badge-healthy">{text.current}</span>}
                </div>
                <div className="row wrap small muted">
                  <Clock at={state.at} />
                  <span>{state.actor}</span>
                </div>
              </div>
              <Button
                aria-label={text.showChange(state.revision)}
                onClick={() => compare(String(states[index + 1]?.revision ?? NOTHING), String(state.revision))}
              >
                {text.show}
              </Button>
              {!isReadOnly && state.rule && state.rule.revision !== current?.revision && (
                <Button aria-label={text.revertOne(state.revision)} onClick={() => setReverted(state)}>
                  {text.revert}
                </Button>
              )}
            </li>
          ))}
        </ol>
        {hasNextPage && (
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {changes.older}
          </Button>
        )}
      </section>
      <div className="stack">
        <div className="fields">
          <SelectField
            label={text.from}
            value={before ? String(before.revision) : ''}
            options={[['', text.nothingYet], ...options]}
            onChange={(revision) => compare(revision || NOTHING, String(after?.revision ?? ''))}
          />
          <SelectField
            label={text.to}
            value={String(after?.revision ?? '')}
            options={options}
            onChange={(revision) => compare(String(before?.revision ?? NOTHING), revision)}
          />
        </div>
        <Comparison label={text.difference} before={sideOf(before, text)} after={sideOf(after, text)} />
      </div>
      {reverted && <RevertDialog noun={noun} id={id} current={current} to={reverted} onClose={() => setReverted(null)} />}
    </div>
  )
}

interface Words {
  nothingYet: string
  revisionOf: (revision: number) => string
}

function sideOf<Spec extends CommonSpec>(state: Revision<Spec> | undefined, text: Words) {
  if (!state) return { title: text.nothingYet, value: null }
  return { title: text.revisionOf(state.revision), value: state.rule && specOf(state.rule) }
}

interface RevertProps<Spec extends CommonSpec> {
  noun: Noun<Spec>
  id: RuleId
  current: Rule<Spec> | undefined
  to: Revision<Spec>
  onClose: () => void
}

/** Shows what going back would change, and goes back. */
function RevertDialog<Spec extends CommonSpec>({ noun, id, current, to, onClose }: RevertProps<Spec>) {
  const { rules: text, actions } = useText()
  const { revert } = useRuleWrites(noun)
  const before = { title: current ? text.revisionOf(current.revision) : text.nothingYet, value: current ? specOf(current) : null }
  return (
    <Dialog wide title={text.revertTo(to.revision)} onClose={onClose}>
      <p>{text.revertHint}</p>
      <Comparison label={text.difference} before={before} after={sideOf(to, text)} />
      <div className="form-foot">
        <Button onClick={onClose}>{actions.cancel}</Button>
        <Button
          kind="primary"
          onClick={() => {
            onClose()
            void revert(id, to.revision, current)
          }}
        >
          {text.revert}
        </Button>
      </div>
    </Dialog>
  )
}
