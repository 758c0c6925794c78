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

/** The namespaces that a list to choose from can hold. */
export const namespaceChoices = namespacesQuery({ page_size: 500 })
