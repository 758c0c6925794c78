import { useMemo, useState } from 'react'
import { useText } from '../i18n/use-text'
import { type CommonSpec, keyOf, type Listed, type Rule } from './noun'
import { inOrder, moved, type Reprioritized, reprioritize } from './order'

export interface Reorder<Spec extends CommonSpec> {
  /** The rules in the order that is wished for. */
  rules: Listed<Spec>[]
  /** What must be written for that order; none if there are too many rules. */
  changes: Reprioritized<Rule<Spec>>[] | undefined
  /** What happened last, for those who do not see it. */
  said: string
  /** Puts a rule where another one is. */
  move: (key: string, target: string) => void
  /** Takes back what was moved and not published. */
  reset: (order?: string[] | null) => void
  order: string[] | null
}

/** Lets rules be put in another order, which is published later and at once; those behind the known ones, if there are more, stay there. */
export function useReorder<Spec extends CommonSpec>(known: readonly Listed<Spec>[], hasMore: boolean): Reorder<Spec> {
  const { rules: text } = useText()
  const [order, setOrder] = useState<string[] | null>(null)
  const [said, setSaid] = useState('')
  const rules = useMemo(() => inOrder(known, order), [known, order])
  function move(key: string, target: string) {
    const keys = rules.map(keyOf)
    const [from, to] = [keys.indexOf(key), keys.indexOf(target)]
    const rule = rules[from]
    if (!rule || to < 0 || from === to) return
    setOrder(moved(keys, from, to))
    setSaid(text.movedTo(rule.name, to + 1, keys.length))
  }
  const limit = hasMore ? known.at(-1)?.priority : undefined
  const changes = useMemo(() => (order ? reprioritize(rules, limit) : []), [rules, order, limit])
  return { rules, changes, said, move, order, reset: (before = null) => setOrder(before) }
}
