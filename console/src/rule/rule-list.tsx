import { Link, useNavigate } from '@tanstack/react-router'
import { type ComponentType, useMemo, useRef } from 'react'
import { useText } from '../i18n/use-text'
import { Icon } from '../ui/icon'
import { Menu } from '../ui/menu'
import { EnabledSwitch } from './enabled-switch'
import { type CommonSpec, isEnabled, keyOf, type Listed, type Noun, type Rule } from './noun'
import { ProgressBadge } from './status'
import { useDrag } from './use-drag'
import type { Reorder } from './use-reorder'
import { useRuleWrites } from './use-rule-writes'
import { useVisibleRows } from './use-visible-rows'
import { useWarnings } from './use-warnings'
import { WarningBadge } from './warnings'

interface Props<Spec extends CommonSpec> {
  noun: Noun<Spec>
  rules: readonly Listed<Spec>[]
  /** The priorities that rules would get. */
  changed: ReadonlyMap<string, number>
  reorder: Reorder<Spec>
  isReadOnly: boolean
  /** Whether they are all rules from the first one on, so that they can be moved. */
  isOrdered: boolean
  /** Whether others follow that were not read. */
  hasMore: boolean
  /** The namespace that they are all of, if they are of one. */
  namespace: string | undefined
  Summary: ComponentType<{ rule: Rule<Spec> }>
}

/** Rules one under the other; the first one is tried first. */
export function RuleList<Spec extends CommonSpec>(props: Props<Spec>) {
  const { noun, rules, changed, reorder, isReadOnly, isOrdered, hasMore, namespace, Summary } = props
  const { rules: text, [noun.words]: words } = useText()
  const isMovable = !isReadOnly && isOrdered
  const warnings = useWarnings(noun, namespace)
  const before = useRef(reorder.order)
  const keys = useMemo(() => rules.map(keyOf), [rules])
  const list = useRef<HTMLOListElement>(null)
  const { first, last, before: above, behind, measure, reveal } = useVisibleRows(list, keys)
  const drag = useDrag({
    list,
    keys,
    reveal,
    move: reorder.move,
    begin: () => {
      before.current = reorder.order
    },
    cancel: () => reorder.reset(before.current),
  })
  return (
    <>
      <ol ref={list} className="rules" aria-label={words.title} style={{ paddingTop: above, paddingBottom: behind }}>
        {rules.slice(first, last).map((rule, nth) => {
          const key = keyOf(rule)
          const index = first + nth
          const priority = changed.get(key)
          return (
            <li
              key={key}
              ref={measure}
              data-key={key}
              data-index={index}
              aria-posinset={index + 1}
              aria-setsize={hasMore ? -1 : rules.length}
              aria-label={rule.name}
              className={`rule ${isEnabled(rule) ? '' : 'rule-off'} ${drag.dragged === key ? 'rule-dragged' : ''} ${priority === undefined ? '' : 'rule-moved'}`}
            >
              {isMovable && (
                <button type="button" className="handle" aria-label={text.moveOne(rule.name)} title={text.moveHint} {...drag.handleOf(key)}>
                  <Icon name="grip" />
                </button>
              )}
              {!isMovable && <span />}
              <span className="rule-place num muted" title={isOrdered ? text.placeOf(index + 1) : undefined}>
                {index + 1}
              </span>
              <EnabledSwitch noun={noun} rule={rule} isReadOnly={isReadOnly} />
              <div className="rule-name">
                <Link to={noun.one} params={{ namespace: rule.namespace, rule: rule.name }}>
                  {rule.name}
                </Link>
                <span className="small muted num">
                  {namespace === undefined && `${rule.namespace} · `}
                  {priority === undefined ? text.priorityOf(rule.priority ?? 0) : text.priorityChange(rule.priority ?? 0, priority)}
                </span>
              </div>
              <div className="rule-what"><Summary rule={rule} /></div>
              <div className="rule-state">
                {!isEnabled(rule) && <span className="badge">{text.disabled}</span>}
                {!isReadOnly && isEnabled(rule) && <WarningBadge warnings={warnings.get(key) ?? []} page={noun.one} rule={rule} />}
                {rule.status && isEnabled(rule) && <ProgressBadge collection={noun.collection} progress={rule.status} />}
              </div>
              {!isReadOnly && <RowMenu noun={noun} rule={rule} keys={isMovable ? keys : [key]} move={reorder.move} />}
            </li>
          )
        })}
      </ol>
    </>
  )
}

interface MenuProps<Spec extends CommonSpec> {
  noun: Noun<Spec>
  rule: Rule<Spec>
  keys: readonly string[]
  move: (key: string, target: string) => void
}

function RowMenu<Spec extends CommonSpec>({ noun, rule, keys, move }: MenuProps<Spec>) {
  const { rules: text, actions } = useText()
  const navigate = useNavigate()
  const { remove } = useRuleWrites(noun)
  const key = keyOf(rule)
  const at = keys.indexOf(key)
  const params = { namespace: rule.namespace, rule: rule.name }
  const go = (target: string | undefined) => target !== undefined && move(key, target)
  return (
    <Menu
      label={text.moreFor(rule.name)}
      icon="more"
      items={[
        ...(at > 0 ? [{ label: text.moveUp, run: () => go(keys[at - 1]) }] : []),
        ...(at < keys.length - 1 ? [{ label: text.moveDown, run: () => go(keys[at + 1]) }] : []),
        ...(at > 1 ? [{ label: text.moveFirst, run: () => go(keys[0]) }] : []),
        ...(at < keys.length - 2 ? [{ label: text.moveLast, run: () => go(keys.at(-1)) }] : []),
        { label: text.history, run: () => void navigate({ to: noun.one, params, search: { tab: 'history' } }) },
        { label: text.duplicate, run: () => void navigate({ to: noun.create, search: { from: key } }) },
        { label: actions.delete, isDanger: true, run: () => void remove(rule) },
      ]}
    />
  )
}
