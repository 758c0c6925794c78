import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, must, type Namespace, type Page } from '../api/client'

interface NamespacesQuery {
  name?: string
  metadata?: string[]
  page_size?: number
  page_token?: string
}

/** A page of namespaces. */
export const namespacesQuery = (query: NamespacesQuery) =>
  queryOptions<Page<Namespace>>({
    queryKey: ['namespaces', query],
    queryFn: ({ signal }) => must(api.GET('/api/v1/namespaces', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })

const BIGGEST_PAGE = 500

async function listAll(signal: AbortSignal): Promise<Namespace[]> {
  const namespaces: Namespace[] = []
  let token: string | undefined
  do {
    const query = { page_size: BIGGEST_PAGE, ...(token ? { page_token: token } : {}) }
    const page: Page<Namespace> = await must(api.GET('/api/v1/namespaces', { params: { query }, signal }))
    namespaces.push(...page.items)
    token = page.next_page_token
  } while (token)
  return namespaces
}

/** Every namespace. */
export const allNamespacesQuery = queryOptions({
  queryKey: ['namespaces', 'all'],
  queryFn: ({ signal }) => listAll(signal),
})
