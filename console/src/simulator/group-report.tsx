import { useText } from '../i18n/use-text'
import { type Group, labelText, type TargetStep, type Why } from './explanation'
import { levelText } from './reason'

interface Props {
  group: Group
  /** The target that holds the instances; all of the callee's without one. */
  target?: TargetStep
  /** The weight of all targets that have a candidate. */
  weight?: number
}

/** The instances that fit a target, and which of them were left out and why. */
export function GroupReport({ group, target, weight = 0 }: Props) {
  const { simulator: text } = useText()
  return (
    <>
      <p className="row wrap">
        {target && <strong>{target.name || text.targetNumber(target.target + 1)}</strong>}
        {target && Object.entries(target.labels).map(([key, test]) => (
          <span key={key} className="chip">{`${key} ${labelText(test)}`}</span>
        ))}
        {target && weight > 0 && <span className="num">{text.weightOf(target.weight, weight)}</span>}
        {target && target.priority > 0 && <span className="muted">{text.priority(target.priority)}</span>}
        <span className={group.candidates > 0 ? 'num' : 'num text-bad'}>{text.canTake(group.candidates, group.instances)}</span>
        {group.level && <span className="badge">{levelText(group.level, text)}</span>}
        {group.is_protected && <span className="badge badge-warn">{text.protected}</span>}
      </p>
      <Dropped group={group} />
    </>
  )
}

const SHOWN = 8

function Dropped({ group }: { group: Group }) {
  const { simulator: text } = useText()
  const reasons = new Map<Why, string[]>()
  for (const { why, address } of group.dropped) reasons.set(why, [...(reasons.get(why) ?? []), address])
  if (reasons.size === 0) return null
  return (
    <ul className="dropped">
      {[...reasons].map(([why, addresses]) => (
        <li key={why}>
          <span className={`badge ${why === 'unhealthy' ? 'badge-unhealthy' : 'badge-warn'}`}>{text.whys[why]}</span>
          <span className="dropped-list">
            {addresses.slice(0, SHOWN).map((address) => (
              <code key={address}>{address}</code>
            ))}
            {addresses.length > SHOWN && <span className="muted">{text.andMore(addresses.length - SHOWN)}</span>}
          </span>
        </li>
      ))}
    </ul>
  )
}
