import { useQuery } from '@tanstack/react-query'
import { useText } from '../i18n/use-text'
import { type RuleId, statusQuery } from './api'
import type { Collection } from './noun'

interface Props {
  collection: Collection
  rule: RuleId
}

/** Limits are obeyed where a service is called, other rules where somebody calls it. */
function useStatusText(collection: Collection) {
  const { rules, limits } = useText()
  return collection === 'rate-limit-rules' ? limits.obeyed : rules
}

/** How many of those who call the callee obey the newest state of a rule. */
export function AppliedBadge({ collection, rule }: Props) {
  const { rules: text } = useText()
  const words = useStatusText(collection)
  const { data } = useQuery(statusQuery(collection, rule))
  if (!data) return null
  const { applied_count: applied, subscriber_count: all } = data
  if (all === 0) {
    return (
      <span className="badge" title={words.nobodyHint}>
        {words.nobody}
      </span>
    )
  }
  const isDone = applied === all
  return (
    <span className={`badge num ${isDone ? 'badge-healthy' : 'badge-warn'}`}>
      <span className="dot" aria-hidden="true" />
      {text.applied(applied, all)}
    </span>
  )
}

/** Who does not obey a rule yet. */
export function Lagging({ collection, rule }: Props) {
  const { rules: text } = useText()
  const words = useStatusText(collection)
  const { data } = useQuery(statusQuery(collection, rule))
  if (!data) return null
  return (
    <>
      <AppliedBadge collection={collection} rule={rule} />
      <p className="muted small note">{data.subscriber_count === 0 ? words.nobodyHint : words.appliedHint}</p>
      {data.lagging.length > 0 && (
        <ul className="stack-tight" aria-label={text.lagging}>
          {data.lagging.map(({ client, callee }) => (
            <li key={`${client.address} ${callee.namespace} ${callee.name}`} className="small">
              <code>{client.service?.name ?? client.host}</code> <span className="muted">{client.address}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
