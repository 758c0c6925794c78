import { getRouteApi } from '@tanstack/react-router'

const root = getRouteApi('__root__')

/** The namespace and the moment that every page looks at; the moment is absent for now. */
export function useScope() {
  const { ns, as_of: asOf } = root.useSearch()
  return { namespace: ns, asOf }
}
