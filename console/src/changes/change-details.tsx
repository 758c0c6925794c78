import { Link } from '@tanstack/react-router'
import type { Change } from '../api/client'
import { useText } from '../i18n/use-text'
import type { CommonSpec, Noun } from '../rule/noun'
import { useScope } from '../shell/scope'
import { Copy } from '../ui/copy'
import { JsonDiff } from '../ui/json'
import { RevertButton } from './revert-button'
import { changedFields, serviceOf } from './summary'

/** Where the rules of a kind are, of those that have pages. */
const RULES: Partial<Record<Change['kind'], Noun<CommonSpec>['one']>> = {
  routing_rule: '/routing-rules/$namespace/$rule',
  nearby_rule: '/nearby-rules/$namespace/$rule',
  rate_limit_rule: '/rate-limit-rules/$namespace/$rule',
}

/** What a change changed, who asked, and where to go from it. */
export function ChangeDetails({ change }: { change: Change }) {
  const { changes: text } = useText()
  const { asOf } = useScope()
  const service = serviceOf(change)
  const page = RULES[change.kind]
  const isTouch = change.before !== null && change.after !== null && changedFields(change).length === 0
  return (
    <div className="change-details">
      <p className="row wrap small muted">
        <span>{text.actor}</span> <code>{change.actor}</code>
        <span>{text.revision}</span> <code>{change.revision}</code>
        {change.request_id && (
          <>
            <span>{text.request}</span> <code className="clip">{change.request_id}</code> <Copy text={change.request_id} />
          </>
        )}
        {service && (
          <Link
            to="/services/$namespace/$service"
            params={{ namespace: service.namespace, service: service.name }}
            search={{ as_of: String(change.revision) }}
          >
            {text.seeThen}
          </Link>
        )}
        {change.rule !== undefined && page && (
          <Link
            to={page}
            params={{ namespace: change.namespace, rule: change.rule }}
            search={{ tab: 'history', to: String(change.revision) }}
          >
            {text.seeRule}
          </Link>
        )}
        {asOf === undefined && <RevertButton change={change} />}
      </p>
      {isTouch && <p className="muted">{text.noFields}</p>}
      <JsonDiff before={change.before} after={change.after} label={text.details} />
    </div>
  )
}
