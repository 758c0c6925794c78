import { test as base, expect } from '@playwright/test'
import { type Fault, watchFaults } from './faults'
import { Merak } from './merak'

interface Fixtures {
  merak: Merak
  /** Faults of the page, each of which fails the test; `expected` takes out refusals that belong to it. */
  faults: Fault[]
}

/** Tests in a browser, each with a control plane of its own; a fault of the page fails them. */
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
    watchFaults(page, merak.url, faults)
    await run(page)
    expect(faults).toEqual([])
  },
})

export { expect }
