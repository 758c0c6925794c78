import { useQuery } from '@tanstack/react-query'
import { useText } from '../i18n/use-text'
import type { RuleProgress, RuleStatus } from '../api/client'
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

/** How many of those who call the callee obey the newest state of a rule, asked for again and again. */
export function AppliedBadge({ collection, rule }: Props) {
  const { data } = useQuery(statusQuery(collection, rule))
  return data ? <ProgressBadge collection={collection} progress={data} /> : null
}

/** How many of those who shall obey a rule do. */
export function ProgressBadge({ collection, progress }: { collection: Collection; progress: RuleProgress }) {
  const { rules: text } = useText()
  const words = useStatusText(collection)
  const { applied_count: applied, subscriber_count: all, unable_count: unable } = progress
  if (all === 0) {
    return (
      <span className="badge" title={words.nobodyHint}>
        {words.nobody}
      </span>
    )
  }
  const isDone = applied === all
  return (
    <>
      <span className={`badge num ${isDone ? 'badge-healthy' : 'badge-warn'}`}>
        <span className="dot" aria-hidden="true" />
        {text.applied(applied, all)}
      </span>
      {unable > 0 && (
        <span className="badge badge-warn num" title={text.unableHint}>
          {text.unableOf(unable)}
        </span>
      )}
    </>
  )
}

type Client = RuleStatus['lagging'][number]

/** The name by which people know an application. */
const nameOf = ({ client }: Client) => client.service?.name ?? client.host
const keyOf = ({ client, callee }: Client) => `${client.address} ${callee.namespace} ${callee.name}`

function ClientName({ of }: { of: Client }) {
  return (
    <>
      <code>{nameOf(of)}</code> <span className="muted">{of.client.address}</span>
    </>
  )
}

/** Who does not obey a rule, or not yet. */
export function Lagging({ collection, rule }: Props) {
  const { rules: text } = useText()
  const words = useStatusText(collection)
  const { data } = useQuery(statusQuery(collection, rule))
  if (!data) return null
  const { subscriber_count: all, applied_count: applied, unable_count: unable, lagging } = data
  const late = all - applied - unable
  return (
    <div className="stack">
      <div className="row wrap">
        <ProgressBadge collection={collection} progress={data} />
      </div>
      <p className="muted small note">{all === 0 ? words.nobodyHint : words.appliedHint}</p>
      {unable > 0 && (
        <section className="stack-tight notice notice-warn" aria-label={text.unable}>
          <strong>{text.unable}</strong>
          <ul className="stack-tight">
            {data.unable.map((one) => (
              <li key={keyOf(one)} className="small unable">
                <ClientName of={one} /> <span className="unable-why">{one.reason}</span>
              </li>
            ))}
          </ul>
          {unable > data.unable.length && <span className="small">{text.andOthers(unable - data.unable.length)}</span>}
          <p className="small note">{text.unableHint}</p>
        </section>
      )}
      {lagging.length > 0 && (
        <section className="stack-tight">
          <strong className="small">{text.lagging}</strong>
          <ul className="stack-tight" aria-label={text.lagging}>
            {lagging.map((one) => (
              <li key={keyOf(one)} className="small">
                <ClientName of={one} />
              </li>
            ))}
          </ul>
          {late > lagging.length && <span className="small muted">{text.andOthers(late - lagging.length)}</span>}
        </section>
      )}
    </div>
  )
}
