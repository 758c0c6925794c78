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
import { finds } from './filter'
import { type CommonSpec, keyOf, type Noun, type Rule } from './noun'
import { ReorderDialog } from './reorder-dialog'
import { RuleList } from './rule-list'
import { useReorder } from './use-reorder'
import { useRules } from './use-rules'

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
  const { asOf } = useScope()
  const words = text[noun.words]
  const found = useRules(noun)
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
      {found.is === 'choose' && <Empty title={text.rules.chooseNamespace} />}
      {found.is === 'there' && found.rules.length === 0 && (
        <Empty title={words.emptyTitle} hint={words.emptyHint}>
          {create}
        </Empty>
      )}
      {found.is === 'there' && found.rules.length > 0 && <Listed {...props} known={found.rules} />}
    </Page>
  )
}

function Listed<Spec extends CommonSpec>({ noun, q, onSearch, grammar, Summary, known }: Props<Spec> & { known: Rule<Spec>[] }) {
  const { rules: text, states, table } = useText()
  const { namespace, asOf } = useScope()
  const [isPreviewed, setPreviewed] = useState(false)
  const reorder = useReorder(known)
  const parsed = parseSearch(q, grammar)
  const shown = parsed.faults.length > 0 ? reorder.rules : reorder.rules.filter((rule) => finds(parsed, rule))
  const { changes } = reorder
  if (shown.length === 0) {
    return (
      <Empty title={states.nothingMatches} hint={states.nothingMatchesHint}>
        <Button onClick={() => onSearch('')}>{states.clear}</Button>
      </Empty>
    )
  }
  return (
    <>
      <RuleList
        noun={noun}
        rules={shown}
        places={new Map(reorder.rules.map((rule, index) => [keyOf(rule), index + 1]))}
        changed={new Map((changes ?? []).map(({ rule, priority }) => [keyOf(rule), priority]))}
        reorder={reorder}
        isReadOnly={asOf !== undefined}
        namespace={namespace}
        Summary={Summary}
      />
      <div className="table-foot">
        <span className="num" role="status">
          {table.rows(shown.length)}
        </span>
      </div>
      {reorder.order !== null && (
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
