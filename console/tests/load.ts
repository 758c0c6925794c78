import { setTimeout } from 'node:timers/promises'
import type { Page, Request } from '@playwright/test'
import { type Merak, pathOf } from './merak'

/** Fills a service of the namespace `default` with instances `i-00000` and so on, in 10.1.0.0/16. */
export async function fill(merak: Merak, service: string, count: number) {
  for (let from = 0; from < count; from += 500) {
    const items = Array.from({ length: Math.min(500, count - from) }, (_, index) => {
      const number = from + index
      const host = `10.1.${Math.floor(number / 256)}.${number % 256}`
      return { register: { id: idOf(number), host, port: 80, version: `v${number % 3}`, health_check: { type: 'none' } } }
    })
    await merak.ask(`${pathOf('default', service)}/instances:batch`, 'POST', { items })
  }
}

const idOf = (number: number) => `i-${String(number).padStart(5, '0')}`

const firstOf = (round: number) => `a-first-${round}`

const ROUND_MS = 100
const CHANGES_A_ROUND = 100

/**
 * Makes a thousand changes a second of a filled service meanwhile, and answers how many it made.
 *
 * Weights change and health turns, and in each round an instance comes that is before all others,
 * and the one of the round before goes.
 */
export async function flood(merak: Merak, service: string, instances: number, meanwhile: () => Promise<void>): Promise<number> {
  const over = new AbortController()
  let changes = 0
  const writing = (async () => {
    for (let round = 0; !over.signal.aborted; round += 1) {
      const pause = setTimeout(ROUND_MS)
      await merak.ask(`${pathOf('default', service)}/instances:batch`, 'POST', { items: changesOf(round, instances) })
      changes += CHANGES_A_ROUND
      await pause
    }
  })()
  try {
    await meanwhile()
  } finally {
    over.abort()
  }
  await writing
  return changes
}

function changesOf(round: number, instances: number): object[] {
  const patches = Array.from({ length: CHANGES_A_ROUND - 2 }, (_, index) => {
    const id = idOf((round * CHANGES_A_ROUND + index) % instances)
    const health = round % 20 < 10 ? 'unhealthy' : 'healthy'
    return { patch: index === 0 ? { id, health } : { id, weight: 1 + (round % 1_000) } }
  })
  const come = { register: { id: firstOf(round), host: `10.0.0.${round % 250}`, port: 80, health_check: { type: 'none' } } }
  return [...patches, come, round === 0 ? come : { delete: { id: firstOf(round - 1) } }]
}

/** What a page did over a while. */
export interface Effort {
  seconds: number
  framesPerSecond: number
  /** The tasks that kept the page from answering for more than 50 ms, by their milliseconds. */
  longTasks: number[]
  /** Those to the API. */
  requests: number
  mostRows: number
}

/** What the page does meanwhile. */
export async function effortOf(page: Page, act: () => Promise<void>): Promise<Effort> {
  let requests = 0
  const count = (request: Request) => void (requests += request.url().includes('/api/') ? 1 : 0)
  page.on('request', count)
  await page.evaluate(beginEffort)
  await act()
  page.off('request', count)
  const { frames, ...effort } = await page.evaluate(() => (globalThis as unknown as { endEffort: typeof endEffort }).endEffort())
  return { ...effort, framesPerSecond: frames / effort.seconds, requests }
}

declare function endEffort(): { seconds: number; frames: number; longTasks: number[]; mostRows: number }

/** Runs in the page: watches it from here on, until its `endEffort` is called. */
function beginEffort() {
  const from = performance.now()
  const longTasks: number[] = []
  let [frames, mostRows, next] = [0, 0, 0]
  const observer = new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
  observer.observe({ type: 'longtask' })
  const frame = () => {
    frames += 1
    mostRows = Math.max(mostRows, document.querySelectorAll('tr, li').length)
    next = requestAnimationFrame(frame)
  }
  frame()
  const end = () => {
    cancelAnimationFrame(next)
    observer.disconnect()
    return { seconds: (performance.now() - from) / 1_000, frames, longTasks, mostRows }
  }
  Object.assign(globalThis, { endEffort: end })
}
