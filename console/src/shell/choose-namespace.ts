import { useLocation, useNavigate } from '@tanstack/react-router'

const LISTS = ['/services', '/routing-rules', '/nearby-rules', '/rate-limit-rules'] as const

/** The list that a page of one thing belongs to, and the namespace of that thing; none for other pages. */
export function listOf(path: string): { list: (typeof LISTS)[number]; namespace: string } | undefined {
  const list = LISTS.find((one) => path.startsWith(`${one}/`))
  const [namespace = '', name] = list === undefined ? [] : path.slice(list.length + 1).split('/')
  return list === undefined || !name ? undefined : { list, namespace: decodeURIComponent(namespace) }
}

/**
 * Chooses the namespace that every page looks at.
 *
 * A page of something in another namespace cannot show the chosen one: it gives way to its list there.
 */
export function useChooseNamespace() {
  const navigate = useNavigate()
  const { pathname } = useLocation()
  return (ns: string | undefined) => {
    const here = listOf(pathname)
    const isElsewhere = here !== undefined && ns !== undefined && ns !== here.namespace
    if (isElsewhere) void navigate({ to: here.list, search: { ns } })
    else void navigate({ to: '.', search: (now) => ({ ...now, ns, page: undefined }) })
  }
}
