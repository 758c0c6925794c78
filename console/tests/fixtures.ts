import { test as base, expect } from '@playwright/test'
import { Merak } from './merak'

interface Fixtures {
  merak: Merak
  /** Errors of the page, each of which fails the test; those that it expects are taken out. */
  faults: string[]
}

/** Tests in a browser, each with a control plane of its own; an error in the console fails them. */
export const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads what a fixture needs from its pattern
  merak: async ({}, run) => {
    const merak = await Merak.start()
    await run(merak)
    await merak.stop()
  },
  // oxlint-disable-next-line no-empty-pattern -- as above
  faults: async ({}, run) => {
    await run([])
  },
  baseURL: async ({ merak }, run) => run(merak.url),
  page: async ({ page, merak, faults }, run) => {
    page.on('console', (message) => {
      const { url } = message.location()
      const place = URL.canParse(url) ? ` at ${new URL(url).pathname}` : ''
      if (message.type() === 'error') faults.push(message.text() + place)
    })
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url())
      if (protocol.startsWith('http') && origin !== merak.url) faults.push(`left the origin: ${request.url()}`)
    })
    await run(page)
    expect(faults).toEqual([])
  },
})

export { expect }
