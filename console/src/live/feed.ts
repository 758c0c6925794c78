import type { Change } from '../api/client'
import { EventReader } from './sse'

/** How the page is connected to the log; `retryAt` is in milliseconds of the browser's clock. */
export type FeedState =
  | { is: 'connecting' }
  | { is: 'live' }
  | { is: 'paused' }
  | { is: 'lost'; retryAt: number; attempts: number }

/** What a listener hears: changes in the order of the log, or that it must read everything anew. */
interface FeedListener {
  changes(changes: Change[]): void
  reset(): void
}

const FLUSH_MS = 200
/** The server shows every 15 s that it lives. */
const SILENCE_MS = 40_000

/** The wait before the n-th attempt in a row, from 0.5 s to 8 s. */
const backoffMs = (attempts: number) => Math.min(8_000, 500 * 2 ** Math.max(0, attempts - 1))

/**
 * The tail of the change log, for the whole page: one stream, resumed where it broke.
 *
 * Whenever it may have missed something, its listeners are told to read everything anew: on the first
 * `ready` too, since pages ask before it, and one in the background asks long before.
 * Browsers give a server six connections, so a page that nobody sees lets its stream go.
 */
export class Feed {
  #state: FeedState = { is: 'connecting' }
  #stateListeners = new Set<() => void>()
  #listeners = new Set<FeedListener>()
  #pending: Change[] = []
  #flushing: ReturnType<typeof setTimeout> | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #attempts = 0
  /** The place that the stream has come to; none before it is ready, and when the log lost it. */
  #last: string | undefined
  /** The place after which the open stream began; none if with what happens from then on. */
  #after: string | undefined
  #epoch: string | undefined
  #connection: AbortController | undefined
  readonly #fetch: (address: string, init: { signal: AbortSignal }) => Promise<Response>

  constructor(ask: (address: string, init: { signal: AbortSignal }) => Promise<Response>) {
    this.#fetch = ask
  }

  get state() {
    return this.#state
  }

  onState(listener: () => void) {
    this.#stateListeners.add(listener)
    return () => this.#stateListeners.delete(listener)
  }

  listen(listener: FeedListener) {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  connect() {
    this.pause()
    const connection = new AbortController()
    this.#connection = connection
    if (this.#state.is !== 'lost') this.#become({ is: 'connecting' })
    this.#stream(connection)
      .catch(() => undefined)
      .finally(() => {
        if (this.#connection === connection) this.#lost()
      })
  }

  pause() {
    clearTimeout(this.#retry)
    this.#connection?.abort()
    this.#connection = undefined
    if (this.#state.is === 'live') this.#become({ is: 'paused' })
  }

  async #stream(connection: AbortController) {
    this.#after = this.#last
    const query = this.#after === undefined ? '' : `?after=${this.#after}`
    const response = await this.#fetch(`/api/v1/watch${query}`, { signal: connection.signal })
    // The log was pruned past the place, or is another one.
    if (response.status === 410 || response.status === 400) this.#last = undefined
    if (!response.ok || !response.body) return
    const reader = new EventReader()
    const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const silence = setTimeout(() => connection.abort(), SILENCE_MS)
      const { done, value } = await pieces.read().finally(() => clearTimeout(silence))
      if (done) return
      const events = reader.read(value)
      if (reader.id !== '') this.#last = reader.id
      for (const { name, data } of events) this.#event(name, data)
    }
  }

  #event(name: string, data: string) {
    if (name === 'change') {
      this.#pending.push(JSON.parse(data) as Change)
      if (this.#flushing === undefined) this.#flushing = setTimeout(() => this.#flush(), FLUSH_MS)
    } else if (name === 'ready') {
      const { epoch } = JSON.parse(data) as { epoch: string }
      // Nobody heard of what happened between the first reading and a stream that begins now.
      const isGap = this.#after === undefined || this.#epoch !== epoch
      this.#epoch = epoch
      if (isGap || this.#attempts > 0) this.#tell((listener) => listener.reset())
      this.#attempts = 0
      this.#become({ is: 'live' })
    } else if (name === 'problem') {
      this.#last = undefined
    }
  }

  #flush() {
    this.#flushing = undefined
    const changes = this.#pending
    this.#pending = []
    this.#tell((listener) => listener.changes(changes))
  }

  #tell(tell: (listener: FeedListener) => void) {
    for (const listener of this.#listeners) tell(listener)
  }

  #lost() {
    this.#connection = undefined
    this.#attempts += 1
    const wait = backoffMs(this.#attempts)
    this.#become({ is: 'lost', retryAt: Date.now() + wait, attempts: this.#attempts })
    this.#retry = setTimeout(() => this.connect(), wait)
  }

  #become(state: FeedState) {
    this.#state = state
    for (const listener of this.#stateListeners) listener()
  }
}

export const feed = new Feed((address, init) => fetch(address, init))
