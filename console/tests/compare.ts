import type { Locator, Page } from '@playwright/test'
import type { Merak } from './merak'

/*
 * What the tests that compare pages with the API share. They say in their own words what a page should
 * show, so that nothing is compared with itself.
 */

interface Listed<T> {
  items: T[]
}

export const list = async <T>(merak: Merak, path: string) => (await merak.ask<Listed<T>>(path)).items

export const rowsOf = (page: Page | Locator) => page.getByRole('table').getByRole('row')

/** What a list of facts says of one. */
export const fact = (page: Page, label: string): Locator =>
  page.locator('.facts > div', { has: page.locator('dt', { hasText: new RegExp(`^${label}$`) }) }).locator('dd')

export const entries = (metadata: Record<string, string>) => Object.entries(metadata).map(([key, value]) => `${key}=${value}`)

export const many = (count: number, one: string) => `${count} ${one}${count === 1 ? '' : 's'}`

/** Exactly this text, whether or not the digits of its long numbers are grouped. */
export function said(text: string | number): RegExp {
  const plain = String(text).replaceAll(/[$()*+./?[\\\]^{|}]/g, String.raw`\$&`)
  const grouped = plain.replaceAll(/\d{4,}/g, (digits) => digits.replaceAll(/\B(?=(\d{3})+$)/g, ',?'))
  return new RegExp(`^\\s*${grouped.replaceAll(/ +/g, String.raw`\s+`)}\\s*$`)
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A length of time in its largest unit. */
export function length(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / 1_000)} s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`
  return ms < 48 * HOUR ? `${Math.floor(ms / HOUR)} h` : `${Math.floor(ms / HOUR / 24)} d`
}

/** How long ago a moment was. */
export const ago = (at: string, now: number) => (now - Date.parse(at) < 1_000 ? 'just now' : `${length(now - Date.parse(at))} ago`)

/** A moment as a clock shows it. */
export const clock = (at: string) => new Date(at).toLocaleTimeString('en-GB', { hour12: false })

/** Lets the clock of the page stand, so that what it says of times can be compared; answers where. */
export async function stand(page: Page, laterMs = 150_000): Promise<number> {
  const now = Date.now() + laterMs
  await page.clock.setFixedTime(now)
  return now
}

/** The page gets this answer whenever it asks, so that what it shows of what moves on can be compared. */
export async function still<T>(page: Page, merak: Merak, path: string): Promise<T> {
  const response = await fetch(merak.url + path)
  const body = await response.text()
  await page.route(`**${path}`, (route) => route.fulfill({ body, contentType: response.headers.get('content-type') ?? '' }))
  return (body.startsWith('{') ? JSON.parse(body) : body) as T
}

/** A change of the log, as far as these tests go. */
export interface Change {
  revision: number
  at: string
  actor: string
  kind: 'namespace' | 'service' | 'instance' | 'routing_rule' | 'nearby_rule' | 'rate_limit_rule' | 'event'
  namespace: string
  service?: string
  instance?: string
  rule?: string
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
}

const STAMPS = ['revision', 'modified_at', 'created_at', 'created_revision', 'registered']

/** The names of the fields that a change changed. */
function changed({ before, after }: Change): string[] {
  const keys = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])
  return [...keys].filter((key) => !STAMPS.includes(key) && JSON.stringify(before?.[key]) !== JSON.stringify(after?.[key]))
}

function subjectOf(change: Change): string {
  const { kind, namespace, service, before, after } = change
  const state = after ?? before ?? {}
  if (kind === 'namespace') return `Namespace ${namespace}`
  if (kind === 'instance') return `${service} ${String(state.host)}:${String(state.port)}`
  const kinds = { routing_rule: 'Routing rule', nearby_rule: 'Nearby rule', rate_limit_rule: 'Rate limit rule' }
  return kind === 'service' || kind === 'event' ? (service ?? '') : `${kinds[kind]} ${change.rule}`
}

/** The sentence that tells of a change of the shop, its rules or its limits. */
export function sentence(change: Change): string {
  const subject = subjectOf(change)
  const isInstance = change.kind === 'instance'
  if (!change.before) return `${subject} ${isInstance ? 'registered' : 'created'}`
  if (!change.after) return `${subject} ${isInstance ? 'deregistered' : 'deleted'}`
  const [field, ...others] = changed(change)
  const [from, to] = [change.before[field ?? ''], change.after[field ?? '']]
  if (field === undefined) return `${subject} touched`
  if (others.length > 0) return `${subject}: ${[field, ...others].join(', ')} changed`
  if (field === 'health') return `${subject} became ${String(to)}`
  if (field === 'isolated') return `${subject} ${to ? 'isolated' : 'restored'}`
  return `${subject}: ${field} ${String(from)} → ${String(to)}`
}

/** How much a change asks for attention. */
export function gravity(change: Change): string {
  if (change.kind === 'event') return 'warn'
  const fields = change.before && change.after ? changed(change) : []
  if (fields.includes('health')) return change.after?.health === 'healthy' ? 'good' : 'bad'
  return fields.includes('isolated') && change.after?.isolated ? 'warn' : 'none'
}
