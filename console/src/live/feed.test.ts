import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Feed } from './feed'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A control plane whose streams the test drives by hand. */
class Plane {
  /** The addresses that were asked for, in order. */
  readonly asked: string[] = []
  readonly signals: AbortSignal[] = []
  status = 200
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined

  readonly fetch = async (address: string, { signal }: { signal: AbortSignal }): Promise<Response> => {
    this.asked.push(address)
    this.signals.push(signal)
    if (this.status !== 200) return new Response('', { status: this.status })
    const body = new ReadableStream<Uint8Array>({ start: (stream) => void (this.#stream = stream) })
    const stream = this.#stream
    signal.addEventListener('abort', () => stream?.error(signal.reason))
    return new Response(body)
  }

  async send(event: string, id: number, data: object) {
    await this.write(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  ready(revision: number, epoch = 'a') {
    return this.send('ready', revision, { revision, epoch })
  }

  async write(text: string) {
    this.#stream?.enqueue(new TextEncoder().encode(text))
    await vi.advanceTimersByTimeAsync(0)
  }

  async end() {
    this.#stream?.close()
    await vi.advanceTimersByTimeAsync(0)
  }
}

/** A feed that connects to a plane, with what its listeners heard. */
async function connected(plane: Plane) {
  const feed = new Feed(plane.fetch)
  const heard: string[] = []
  feed.listen({
    changes: (changes) => void heard.push(`changes ${changes.map(({ revision }) => revision).join(' ')}`),
    reset: () => void heard.push('reset'),
  })
  feed.connect()
  await vi.advanceTimersByTimeAsync(0)
  return { feed, heard }
}

describe('Feed', () => {
  it('has everything read anew once it is ready, since nobody heard of changes before', async () => {
    const plane = new Plane()
    const { feed, heard } = await connected(plane)
    expect(plane.asked).toEqual(['/api/v1/watch'])
    expect(feed.state.is).toBe('connecting')
    expect(heard).toEqual([])
    await plane.ready(7)
    expect(feed.state.is).toBe('live')
    expect(heard).toEqual(['reset'])
  })

  it('has everything read anew when its page is seen for the first time', async () => {
    const plane = new Plane()
    const feed = new Feed(plane.fetch)
    const reset = vi.fn()
    feed.listen({ changes: () => undefined, reset })
    feed.pause()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(plane.asked).toEqual([])
    feed.connect()
    await vi.advanceTimersByTimeAsync(0)
    await plane.ready(7)
    expect(reset).toHaveBeenCalledTimes(1)
  })

  it('goes on after the last id when its page is seen again, and has nothing read anew', async () => {
    const plane = new Plane()
    const { feed, heard } = await connected(plane)
    await plane.ready(7)
    await plane.write(': alive\nid: 9\n\n')
    feed.pause()
    expect(feed.state.is).toBe('paused')
    expect(plane.signals[0]?.aborted).toBe(true)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(plane.asked).toHaveLength(1)
    feed.connect()
    await vi.advanceTimersByTimeAsync(0)
    expect(plane.asked[1]).toBe('/api/v1/watch?after=9')
    await plane.ready(9)
    await plane.send('change', 10, { revision: 10 })
    await vi.advanceTimersByTimeAsync(200)
    expect(heard).toEqual(['reset', 'changes 10'])
  })

  it('tells changes together, in the order of the log', async () => {
    const plane = new Plane()
    const { heard } = await connected(plane)
    await plane.ready(7)
    for (const revision of [8, 9]) await plane.send('change', revision, { revision })
    await vi.advanceTimersByTimeAsync(199)
    expect(heard).toEqual(['reset'])
    await vi.advanceTimersByTimeAsync(1)
    expect(heard).toEqual(['reset', 'changes 8 9'])
  })

  it('reconnects where it broke, ever more seldom, and has everything read anew', async () => {
    const plane = new Plane()
    const { feed, heard } = await connected(plane)
    await plane.ready(7)
    plane.status = 503
    await plane.end()
    expect(feed.state).toMatchObject({ is: 'lost', attempts: 1 })
    await vi.advanceTimersByTimeAsync(500)
    expect(feed.state).toMatchObject({ is: 'lost', attempts: 2 })
    await vi.advanceTimersByTimeAsync(999)
    expect(plane.asked).toHaveLength(2)
    plane.status = 200
    await vi.advanceTimersByTimeAsync(1)
    expect(plane.asked.slice(1)).toEqual(['/api/v1/watch?after=7', '/api/v1/watch?after=7'])
    await plane.ready(7)
    expect(feed.state.is).toBe('live')
    expect(heard).toEqual(['reset', 'reset'])
  })

  it('takes 40 s of silence for the end of a stream', async () => {
    const plane = new Plane()
    const { feed } = await connected(plane)
    await plane.ready(7)
    await vi.advanceTimersByTimeAsync(39_999)
    expect(feed.state.is).toBe('live')
    await vi.advanceTimersByTimeAsync(1)
    expect(feed.state.is).toBe('lost')
  })

  it('begins anew when the log no longer has its place', async () => {
    const plane = new Plane()
    const { heard } = await connected(plane)
    await plane.ready(7)
    plane.status = 410
    await plane.end()
    await vi.advanceTimersByTimeAsync(500)
    plane.status = 200
    await vi.advanceTimersByTimeAsync(1_000)
    expect(plane.asked.slice(1)).toEqual(['/api/v1/watch?after=7', '/api/v1/watch'])
    await plane.ready(20)
    expect(heard).toEqual(['reset', 'reset'])
  })

  it('begins anew when the stream says that it left something out', async () => {
    const plane = new Plane()
    await connected(plane)
    await plane.ready(7)
    await plane.send('problem', 8, { code: 'history_gone' })
    await plane.end()
    await vi.advanceTimersByTimeAsync(500)
    expect(plane.asked.at(-1)).toBe('/api/v1/watch')
  })

  it('has everything read anew when the log is another one', async () => {
    const plane = new Plane()
    const { feed, heard } = await connected(plane)
    await plane.ready(7)
    feed.pause()
    feed.connect()
    await vi.advanceTimersByTimeAsync(0)
    await plane.ready(7, 'b')
    expect(heard).toEqual(['reset', 'reset'])
  })
})
