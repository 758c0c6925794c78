import { Link } from '@tanstack/react-router'
import { type ComponentType, useState } from 'react'
import { useText } from '../i18n/use-text'
import { SearchField } from '../search/search-field'
import { type Grammar, parseSearch } from '../search/tokens'
import { useScope } from '../shell/scope'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'
import { Page } from '../ui/page'
import { Empty, Failed, Loading } from '../ui/states'
import { LeaveGuard } from './leave-guard'
import { type CommonSpec, keyOf, type Noun, type Rule } from './noun'
import { ReorderDialog } from './reorder-dialog'
import { RuleList } from './rule-list'
import { useReorder } from './use-reorder'
import { type Rules, useRules } from './use-rules'

interface Props<Spec extends CommonSpec> {
  noun: Noun<Spec>
  q: string
  onSearch: (q: string) => void
  grammar: Grammar
  example: string
  /** What a rule does, in a line. */
  Summary: ComponentType<{ rule: Rule<Spec> }>
}

/** The rules of a kind in the order in which they are tried. */
export function RulesPage<Spec extends CommonSpec>(props: Props<Spec>) {
  const { noun, q, onSearch, grammar, example } = props
  const text = useText()
  const { namespace, asOf } = useScope()
  const words = text[noun.words]
  const found = useRules(noun, parseSearch(q, grammar))
  const create = asOf === undefined && (
    <Link className="button button-primary" to={noun.create}>
      <Icon name="plus" size={14} />
      {words.create}
    </Link>
  )
  return (
    <Page title={words.title} actions={create}>
      <p className="muted lead">{words.lead}</p>
      <div className="tools">
        <SearchField value={q} onSearch={onSearch} grammar={grammar} example={example} />
      </div>
      {found.is === 'loading' && <Loading />}
      {found.is === 'failed' && <Failed error={found.error} retry={found.retry} />}
      {found.is === 'there' && found.rules.length === 0 && q !== '' && (
        <Empty title={text.states.nothingMatches} hint={text.states.nothingMatchesHint}>
          <Button onClick={() => onSearch('')}>{text.states.clear}</Button>
        </Empty>
      )}
      {found.is === 'there' && found.rules.length === 0 && q === '' && (
        <Empty title={words.emptyTitle} hint={words.emptyHint}>
          {create}
        </Empty>
      )}
      {found.is === 'there' && found.rules.length > 0 && <Found key={`${namespace} ${asOf}`} {...props} found={found} />}
    </Page>
  )
}

interface FoundProps<Spec extends CommonSpec> extends Props<Spec> {
  found: Extract<Rules<Spec>, { is: 'there' }>
}

function Found<Spec extends CommonSpec>({ noun, q, Summary, found }: FoundProps<Spec>) {
  const { rules: text, table } = useText()
  const { namespace, asOf } = useScope()
  const [isPreviewed, setPreviewed] = useState(false)
  const hasMore = found.more !== undefined
  const reorder = useReorder(found.rules, hasMore)
  const isSearch = q !== ''
  // Among what a search finds, nobody sees between which others a rule would come to stand: a new order waits.
  const isOrdered = !isSearch && !found.isStale && asOf === undefined
  const changes = isOrdered ? reorder.changes : []
  return (
    <>
      <LeaveGuard isDirty={reorder.order !== null} parts={['as_of', 'ns']} />
      <RuleList
        noun={noun}
        rules={isOrdered ? reorder.rules : found.rules}
        changed={new Map((changes ?? []).map(({ rule, priority }) => [keyOf(rule), priority]))}
        reorder={reorder}
        isReadOnly={asOf !== undefined}
        isOrdered={isOrdered}
        hasMore={hasMore}
        namespace={namespace}
        Summary={Summary}
      />
      <div className="table-foot">
        <span className="num" role="status">
          {hasMore ? table.rowsAndMore(found.rules.length) : table.rows(found.rules.length)}
          {isSearch && asOf === undefined && <span className="muted">{` · ${text.moveAll}`}</span>}
        </span>
        {found.more && (
          <Button disabled={found.isReading} onClick={found.more}>
            {text.showMore}
          </Button>
        )}
      </div>
      {isOrdered && reorder.order !== null && (
        <div className="editor-foot">
          <span className="grow text-warn" role="status">{changes === undefined ? text.tooMany : text.reorderPending(changes.length)}</span>
          <Button onClick={() => reorder.reset()}>{text.discard}</Button>
          <Button kind="primary" disabled={!changes?.length} onClick={() => setPreviewed(true)}>
            {text.preview}
          </Button>
        </div>
      )}
      <p className="sr-only" aria-live="assertive">
        {reorder.said}
      </p>
      {isPreviewed && changes && (
        <ReorderDialog
          noun={noun}
          rules={reorder.rules}
          changes={changes}
          onClose={() => setPreviewed(false)}
          onDone={() => {
            setPreviewed(false)
            reorder.reset()
          }}
        />
      )}
    </>
  )
}
