import { Link } from '@tanstack/react-router'
import { useText } from '../i18n/use-text'
import { expectationOf, type RoutingTest } from '../routing/rule-tests'
import { ROUTING_RULE } from '../rule/noun'
import { useScope } from '../shell/scope'
import { Icon } from '../ui/icon'
import type { CallDocument } from './call'
import type { CalleeRule } from './draft-field'
import { type Explanation, placeOf } from './explanation'

interface Props {
  asked: CallDocument
  told: Explanation
  /** The routing rules for the service that is called. */
  rules: CalleeRule[]
}

/** Leads from an answer to the rule that decided it, with the answer as a test; to any rule for the service if none did. */
export function KeepTest({ asked, told, rules }: Props) {
  const { tests: text } = useText()
  const { asOf } = useScope()
  if (asOf !== undefined || rules.length === 0) return null
  const test: RoutingTest = { request: asked, expect: expectationOf(told) }
  const search = { test: JSON.stringify(test) }
  if (told.decided_by !== undefined) {
    const { namespace, name } = placeOf(told.decided_by)
    return (
      <div>
        <Link className="button" to={ROUTING_RULE} params={{ namespace, rule: name }} search={search}>
          <Icon name="plus" size={14} />
          {text.keep}
        </Link>
      </div>
    )
  }
  return (
    <details className="fold">
      <summary>{text.keepIn}</summary>
      <ul>
        {rules.map(({ namespace, name }) => (
          <li key={`${namespace}/${name}`}>
            <Link to={ROUTING_RULE} params={{ namespace, rule: name }} search={search}>
              {namespace}/{name}
            </Link>
          </li>
        ))}
      </ul>
    </details>
  )
}
