import { gunzipSync } from 'node:zlib'
import { expect, test } from '../fixtures'
import { shop } from '../merak'

const JS_BYTES = 250_000

test('the first page takes little JavaScript, compressed, from this origin, cached for ever', async ({ page, merak }) => {
  await shop(merak)
  const sizes = new Map<string, number>()
  page.on('response', async (response) => {
    const { pathname } = new URL(response.url())
    if (!pathname.endsWith('.js')) return
    const sent = await fetch(response.url(), { headers: { 'accept-encoding': 'gzip' } })
    expect(sent.headers.get('cache-control')).toContain('immutable')
    sizes.set(pathname, Number(sent.headers.get('content-length')))
  })
  // Other pages are got in advance a second later, which a slow machine would take for the first one.
  await page.addInitScript(() => {
    const wait = globalThis.setTimeout
    globalThis.setTimeout = ((run: () => void, ms = 0) => (ms < 1_000 ? wait(run, ms) : 0)) as typeof setTimeout
  })
  await page.goto('/')
  await expect(page.getByRole('heading', { name: 'Needs attention' })).toBeVisible()
  await page.waitForLoadState('load')
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  test.info().annotations.push({ type: 'bytes of JavaScript', description: String(total) })
  expect(sizes.size).toBeGreaterThan(1)
  expect(total).toBeGreaterThan(50_000)
  expect(total).toBeLessThan(JS_BYTES)
})

test('a compressed file is the file', async ({ merak }) => {
  const page = await (await fetch(merak.url, { headers: { accept: 'text/html' } })).text()
  const script = /src="([^"]+\.js)"/.exec(page)?.[1] ?? ''
  const { request } = await import('node:http')
  const read = (headers: Record<string, string>) =>
    new Promise<{ encoding: string | undefined; body: Buffer }>((resolve) => {
      request(merak.url + script, { headers }, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('end', () => resolve({ encoding: answer.headers['content-encoding'], body: Buffer.concat(parts) }))
      }).end()
    })
  const [plain, gzip] = [await read({}), await read({ 'accept-encoding': 'br, gzip;q=0.8' })]
  expect([plain.encoding, gzip.encoding]).toEqual([undefined, 'gzip'])
  expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true)
})
