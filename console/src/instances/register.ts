import { api, type Instance, must, type Page, type Registration } from '../api/client'
import { Problem } from '../api/problem'

const ALL = '/api/v1/namespaces/{namespace}/services/{service}/instances'
const ONE = `${ALL}/{id}` as const

/** An instance that was to be registered is there already. */
export class Taken extends Error {
  readonly instance: Instance
  /** Who registered it, as far as the log reaches back. */
  readonly by: string | undefined

  constructor(instance: Instance, by: string | undefined) {
    super('registered already')
    this.instance = instance
    this.by = by
  }
}

interface Service {
  namespace: string
  service: string
}

/** Registers an instance that is not there; throws {@link Taken} if one has its address or its id. */
export async function registerNew(path: Service, body: Registration): Promise<Instance> {
  const same = await find(path, body)
  if (same) throw await taken(same)
  const header = { 'If-None-Match': '*' }
  try {
    return await must(api.POST(ALL, { params: { path, header }, body }))
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 412) throw error
    // Somebody registered it in between.
    const faster = await find(path, body)
    throw faster ? await taken(faster) : error
  }
}

/** The instance that has the address, whatever its id, or the id, whatever its address. */
async function find(path: Service, { id, host, port }: Registration): Promise<Instance | undefined> {
  const [sameHost, sameId] = await Promise.all([
    unlessAbsent(async (): Promise<Page<Instance>> => must(api.GET(ALL, { params: { path, query: { host, page_size: 500 } } }))),
    id === undefined ? undefined : unlessAbsent(async () => must(api.GET(ONE, { params: { path: { ...path, id } } }))),
  ])
  return sameId ?? sameHost?.items.find((one) => one.port === port)
}

/** Nothing where there is no such service or instance, no such host or id can be, or the log is too short. */
async function unlessAbsent<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    // The registration itself is refused for what is no host or id, with the field that it is.
    if (error instanceof Problem && ([400, 404, 410].includes(error.status))) return undefined
    throw error
  }
}

async function taken(instance: Instance): Promise<Taken> {
  const { namespace, service, id, created_revision: created } = instance
  const query = { namespace, service, instance: id, before: created + 1, page_size: 1 }
  const log = await unlessAbsent(async () => must(api.GET('/api/v1/changes', { params: { query } })))
  const first = log?.items[0]
  return new Taken(instance, first?.revision === created ? first.actor : undefined)
}
