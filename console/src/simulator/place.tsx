import { Link } from '@tanstack/react-router'
import { placeOf } from './explanation'

/** A rule by its name, after the namespace that it is in; leads to it. */
export function RuleName({ place }: { place: string }) {
  const { namespace, name } = placeOf(place)
  return (
    <span className="reason-rule">
      <span className="muted">{`${namespace} / `}</span>
      <Link to="/routing-rules/$namespace/$rule" params={{ namespace, rule: name }}>
        {name}
      </Link>
    </span>
  )
}
