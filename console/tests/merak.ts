import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export const BINARY = join(import.meta.dirname, '../../target/debug/merak')

export interface InstanceBody {
  host: string
  port: number
  weight?: number
  version?: string
  metadata?: Record<string, string>
  location?: { zone?: string; region?: string }
  health_check?: { type: 'none' } | { type: 'heartbeat'; ttl_seconds: number }
}

/** A control plane of its own, with its data in a temporary folder. */
export class Merak {
  url = ''
  #grpc = ''
  #data = mkdtempSync(join(tmpdir(), 'merak-console-'))
  #server: ChildProcess | undefined
  #nodes: ChildProcess[] = []

  static async start(): Promise<Merak> {
    const merak = new Merak()
    await merak.serve()
    return merak
  }

  /** Serves, at the addresses that it had before if it served already. */
  async serve() {
    const http = this.url ? new URL(this.url).host : '127.0.0.1:0'
    this.#server = spawn(BINARY, ['serve', '--data', this.#data, '--http', http, '--grpc', this.#grpc || '127.0.0.1:0'])
    const [address = '', grpc = ''] = await lines(this.#server, ['http listening on ', 'grpc listening on '])
    this.url = `http://${address}`
    this.#grpc = grpc
  }

  /** Where applications reach it. */
  get grpc() {
    return this.#grpc
  }

  /** Ends the server as a crash would. */
  async kill() {
    await ended(this.#server, 'SIGKILL')
  }

  /** An application that registers itself, and watches what it calls. */
  async #application(service: 'micro-pay' | 'micro-order', name: string) {
    const node = ['demo', 'node', service, '--name', name, '--control-plane', `http://${this.#grpc}`]
    const process = spawn(BINARY, node, { cwd: this.#data })
    this.#nodes.push(process)
    const [address = ''] = await lines(process, ['serving on '])
    return address
  }

  /** Two applications, one of which called the other; answers a function that makes it call again. */
  async system(): Promise<() => Promise<void>> {
    await this.#application('micro-pay', 'micro-pay-1')
    const address = await this.#application('micro-order', 'micro-order-1')
    // An application watches a service from its first call on.
    const order = async () => {
      const answer = await fetch(`http://${address}/order/create`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ businessId: 'b1', amount: 5, channel: 'card' }),
      })
      if (!answer.ok) throw new Error(`no order: ${await answer.text()}`)
    }
    await order()
    return order
  }

  async stop() {
    await Promise.all([...this.#nodes, this.#server].map((process) => ended(process, 'SIGKILL')))
    rmSync(this.#data, { recursive: true, force: true })
  }

  async ask<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
    const response = await fetch(this.url + path, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return (text ? JSON.parse(text) : undefined) as T
  }

  service(namespace: string, service: string, body: object = {}) {
    return this.ask(pathOf(namespace, service), 'PUT', body)
  }

  instance(namespace: string, service: string, id: string, body: InstanceBody) {
    const registration = { health_check: { type: 'none' }, ...body }
    return this.ask(`${pathOf(namespace, service)}/instances/${id}`, 'PUT', registration)
  }

  /** Creates a rule that is not there, or writes over one that is. */
  async rule(kind: 'routing-rules' | 'nearby-rules' | 'rate-limit-rules', namespace: string, name: string, spec: object) {
    const path = rulePath(kind, namespace, name)
    const current = await fetch(this.url + path)
    const etag = current.headers.get('etag')
    const response = await fetch(this.url + path, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', ...(etag ? { 'if-match': etag } : { 'if-none-match': '*' }) },
      body: JSON.stringify(spec),
    })
    if (!response.ok) throw new Error(`PUT ${path}: ${response.status} ${await response.text()}`)
  }

  /** The id of an instance that registered itself. */
  async firstInstance(namespace: string, service: string) {
    const { items } = await this.ask<{ items: { id: string }[] }>(`${pathOf(namespace, service)}/instances`)
    return items[0]?.id ?? ''
  }

  patch(namespace: string, service: string, id: string, body: object) {
    return this.ask(`${pathOf(namespace, service)}/instances/${id}`, 'PATCH', body)
  }
}

export const pathOf = (namespace: string, service: string) =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${encodeURIComponent(service)}`

export const rulePath = (kind: 'routing-rules' | 'nearby-rules' | 'rate-limit-rules', namespace: string, name: string) =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/${kind}/${encodeURIComponent(name)}`

/** Rules for the shop: a canary, tenants, one that is off, and one that stays near. */
export async function rules(merak: Merak) {
  const order = { callee: { service: 'com.shop/order' }, otherwise: 'fall_through' }
  await merak.rule('routing-rules', 'default', 'order-canary', {
    ...order,
    description: 'v2 for some, and a canary for the rest',
    priority: 10,
    caller: { service: 'com.shop/user' },
    metadata: { team: 'trade' },
    branches: [
      {
        name: 'vip',
        matches: {
          all: [
            { on: 'header', key: 'x-user', op: 'in', values: ['42', '43'] },
            { on: 'path', op: 'regex', value: '^/api/order' },
          ],
        },
        targets: [{ labels: { version: 'v2.0.0' } }],
      },
      {
        name: 'canary',
        targets: [
          { name: 'stable', labels: { version: 'v1.4.2' }, weight: 70 },
          { name: 'canary', labels: { version: 'v2.0.0' }, weight: 30 },
        ],
      },
    ],
  })
  await merak.rule('routing-rules', 'default', 'order-tenants', {
    ...order,
    priority: 20,
    branches: [{ targets: [{ labels: { env: 'gray' } }], when_empty: 'all_instances' }],
  })
  const pay = { ...order, enabled: false, callee: { service: 'com.shop/pay' }, branches: [{ targets: [{}] }] }
  // So that one has a history.
  await merak.rule('routing-rules', 'default', 'pay-off', { ...pay, priority: 30 })
  await merak.rule('routing-rules', 'default', 'pay-off', { ...pay, priority: 40 })
  const near = { callee: { service: '*' }, level: 'zone', max_level: 'region' }
  await merak.rule('nearby-rules', 'default', 'stay-in-zone', { ...near, priority: 10, spill_over: 0.3 })
  await merak.rule('nearby-rules', 'default', 'pay-anywhere', { ...near, priority: 5, callee: { service: 'com.shop/pay' } })
}

/** What is said of few services. */
const MORE = { business: 'payments', comment: 'pending audit', export_to: ['staging'], protect_threshold: 0.3 }

/** A small shop: two namespaces, a service of every condition. */
export async function shop(merak: Merak) {
  await merak.ask('/api/v1/namespaces/default', 'PUT', { comment: 'production', metadata: { team: 'platform' } })
  await merak.ask('/api/v1/namespaces/staging', 'PUT', { comment: 'where releases wait' })
  const about = { owners: 'ann, bob', department: 'trade', metadata: { tier: '1', lang: 'rust' }, ports: [8080] }
  for (const [namespace, service, instances] of [
    ['default', 'com.shop/order', 6],
    ['default', 'com.shop/pay', 4],
    ['default', 'com.shop/user', 3],
    ['default', 'legacy-billing', 0],
    ['staging', 'com.shop/order', 2],
    ['staging', 'mailer', 1],
  ] as const) {
    await merak.service(namespace, service, service === 'legacy-billing' ? { ...about, ...MORE } : about)
    const name = service.split('/').at(-1)
    for (let number = 1; number <= instances; number += 1) {
      await merak.instance(namespace, service, `${name}-${number}`, {
        host: `10.0.${service.length}.${number}`,
        port: 8080,
        version: number % 2 ? 'v1.4.2' : 'v2.0.0',
        metadata: { env: namespace === 'default' ? 'prod' : 'stage' },
        location: { region: 'eu', zone: `eu-${1 + (number % 3)}` },
      })
    }
  }
  await merak.patch('default', 'com.shop/pay', 'pay-2', { health: 'unhealthy' })
  await merak.patch('staging', 'mailer', 'mailer-1', { health: 'unhealthy' })
  await merak.patch('default', 'com.shop/user', 'user-1', { health: 'unhealthy' })
  await merak.patch('default', 'com.shop/user', 'user-1', { health: 'healthy' })
  await merak.patch('default', 'com.shop/order', 'order-3', { isolated: true })
  await merak.patch('default', 'com.shop/order', 'order-4', { weight: 20 })
}

/** The rest of the first line with each of the beginnings, once all were printed. */
function lines(process: ChildProcess, beginnings: string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const found = new Map<string, string>()
    let log = ''
    process.stderr?.on('data', (piece) => (log += String(piece)))
    process.on('exit', (code) => reject(new Error(`merak ended with ${code}: ${log}`)))
    if (!process.stdout) return
    createInterface(process.stdout).on('line', (text) => {
      const beginning = beginnings.find((one) => text.startsWith(one))
      if (beginning) found.set(beginning, text.slice(beginning.length))
      if (found.size === beginnings.length) resolve(beginnings.map((one) => found.get(one) ?? ''))
    })
  })
}

async function ended(process: ChildProcess | undefined, signal: NodeJS.Signals) {
  if (!process || process.exitCode !== null || process.signalCode !== null) return
  const over = new Promise((resolve) => process.once('exit', resolve))
  process.kill(signal)
  await over
}
