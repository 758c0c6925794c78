import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, type Health, must, type Page, type ServiceSort, type ServiceSummary } from '../api/client'
import { anywhere, type Parsed } from '../search/tokens'

/** The tokens that find services. */
export const SERVICE_TOKENS = {
  health: ['healthy', 'unhealthy'],
  isolated: ['true', 'false'],
  ip: null,
  version: null,
  metadata: null,
} as const

/** The tokens that find services as they were: of their instances nothing is known then. */
export const PAST_TOKENS = { metadata: null } as const

export interface ServicesQuery {
  namespace?: string | undefined
  name?: string
  metadata?: string[]
  health?: Health
  isolated?: boolean
  host?: string
  version?: string
  sort?: ServiceSort | undefined
  page_size?: number
  page_token?: string | undefined
}

/** What the API is asked for a search. */
export function servicesFilter({ word, values, metadata }: Parsed): ServicesQuery {
  const { health, isolated, ip, version } = values
  return {
    ...(word ? { name: anywhere(word) } : {}),
    ...(metadata.length > 0 ? { metadata } : {}),
    ...(health ? { health: health as Health } : {}),
    ...(isolated ? { isolated: isolated === 'true' } : {}),
    ...(ip ? { host: ip } : {}),
    ...(version ? { version } : {}),
  }
}

/** A page of services, of one namespace or of all. */
export const servicesQuery = (query: ServicesQuery) =>
  queryOptions<Page<ServiceSummary>>({
    queryKey: ['services', query],
    queryFn: ({ signal }) => must(api.GET('/api/v1/services', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })

/** A page of the services of a namespace as they were. */
export const pastServicesQuery = (namespace: string, asOf: string, { name, metadata, sort, page_size, page_token }: ServicesQuery) => {
  const query = { name, metadata, sort, page_size, page_token, as_of: asOf }
  return queryOptions<Page<ServiceSummary>>({
    queryKey: ['past', 'services', namespace, query],
    queryFn: ({ signal }) =>
      must(api.GET('/api/v1/namespaces/{namespace}/services', { params: { path: { namespace }, query }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  })
}

/** A few services whose names have a word in them. */
export const findServicesQuery = (word: string) => servicesQuery({ ...(word ? { name: anywhere(word) } : {}), page_size: 8 })
