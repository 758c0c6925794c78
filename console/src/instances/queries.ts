import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, type Health, type Instance, type InstanceSort, must, type Page } from '../api/client'
import { anywhere, type Parsed } from '../search/tokens'

/** The tokens that find instances. */
export const INSTANCE_TOKENS = {
  health: ['healthy', 'unhealthy'],
  isolated: ['true', 'false'],
  ip: null,
  version: null,
  protocol: null,
  metadata: null,
} as const

export interface InstancesQuery {
  health?: Health
  isolated?: boolean
  host?: string
  version?: string
  protocol?: string
  metadata?: string[]
  as_of?: string | undefined
  sort?: InstanceSort | undefined
  page_size?: number
  page_token?: string | undefined
}

/** What the API is asked for a search; a word without a token is a part of the host. */
export function instancesFilter({ word, values, metadata }: Parsed): InstancesQuery {
  const { health, isolated, ip, version, protocol } = values
  const host = ip ?? (word && anywhere(word))
  return {
    ...(health ? { health: health as Health } : {}),
    ...(isolated ? { isolated: isolated === 'true' } : {}),
    ...(host ? { host } : {}),
    ...(version ? { version } : {}),
    ...(protocol ? { protocol } : {}),
    ...(metadata.length > 0 ? { metadata } : {}),
  }
}

const get = (namespace: string, service: string, query: InstancesQuery, signal?: AbortSignal): Promise<Page<Instance>> => {
  const params = { path: { namespace, service }, query }
  const path = '/api/v1/namespaces/{namespace}/services/{service}/instances'
  return must(api.GET(path, { params, ...(signal ? { signal } : {}) }))
}

/** Where the API has the instances of a service. */
export const instancesPath = (namespace: string, service: string) =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${encodeURIComponent(service)}/instances`

/** A page of the instances of a service. */
export const instancesQuery = (namespace: string, service: string, query: InstancesQuery) =>
  queryOptions({
    queryKey: ['service', namespace, service, 'instances', query],
    queryFn: ({ signal }) => get(namespace, service, query, signal),
    placeholderData: keepPreviousData,
  })

/** Every instance that a filter finds, page after page. */
export async function* allInstances(namespace: string, service: string, filter: InstancesQuery): AsyncGenerator<Instance[]> {
  let token: string | undefined
  do {
    const page = await get(namespace, service, { ...filter, page_size: 500, page_token: token })
    yield page.items
    token = page.next_page_token
  } while (token)
}
