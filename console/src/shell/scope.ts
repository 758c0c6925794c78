import { getRouteApi } from '@tanstack/react-router'
import { parseMoment } from '../time/moment'

const root = getRouteApi('__root__')

/** The namespace and the moment that every page looks at; the moment is absent for now. */
export function useScope() {
  const { ns, as_of: asOf } = root.useSearch()
  const isMoment = asOf === undefined || parseMoment(asOf) !== undefined
  return {
    namespace: ns,
    asOf: isMoment ? asOf : undefined,
    /** What the address gives for a moment and is none: no page is shown then. */
    notMoment: isMoment ? undefined : asOf,
  }
}
