import { placeOf } from './explanation'

/** A rule by its name, after the namespace that it is in. */
export function RuleName({ place }: { place: string }) {
  const { namespace, name } = placeOf(place)
  return (
    <span className="rule-name">
      <span className="muted">{`${namespace} / `}</span>
      <strong>{name}</strong>
    </span>
  )
}
