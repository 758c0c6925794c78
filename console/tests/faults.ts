import { expect, type Page } from '@playwright/test'

/** What a page must not do, unless its test says that it does. */
export type Fault =
  | { source: 'console' | 'csp' | 'pageerror' | 'origin'; text: string }
  /** What the browser tells of a request that was refused, or that nobody answered. */
  | { source: 'request'; status: number | 'unanswered'; path: string }

export type Refused = Omit<Extract<Fault, { source: 'request' }>, 'source' | 'path'> & { path: RegExp }

/** Whatever is asked for while the control plane is away, pages that are got in advance among it. */
export const AWAY: Refused = { status: 'unanswered', path: /^\// }

const REFUSED = /^Failed to load resource: the server responded with a status of (\d+)/
const UNANSWERED = /^Failed to load resource: net::ERR_/

function faultOf(text: string, url: string): Fault {
  const status = REFUSED.exec(text)?.[1]
  if (status) return { source: 'request', status: Number(status), path: new URL(url).pathname }
  if (UNANSWERED.test(text)) return { source: 'request', status: 'unanswered', path: new URL(url).pathname }
  return { source: text.includes('Content Security Policy') ? 'csp' : 'console', text }
}

/** Collects the faults of a page, which has no reason to ask anybody but the origin. */
export function watchFaults(page: Page, origin: string, faults: Fault[]) {
  page.on('console', (message) => message.type() === 'error' && faults.push(faultOf(message.text(), message.location().url)))
  page.on('pageerror', (error) => faults.push({ source: 'pageerror', text: error.message }))
  page.on('request', (request) => {
    const asked = new URL(request.url())
    if (asked.protocol.startsWith('http') && asked.origin !== origin) faults.push({ source: 'origin', text: request.url() })
  })
}

/** Takes out the requests that were refused like this, of which there is at least one. */
export async function expected(faults: Fault[], { status, path }: Refused) {
  const isIt = (fault: Fault) => fault.source === 'request' && fault.status === status && path.test(fault.path)
  await expect.poll(() => faults.filter(isIt).length, { message: `requests of ${path} that are told as ${status}` }).toBeGreaterThan(0)
  faults.splice(0, faults.length, ...faults.filter((fault) => !isIt(fault)))
}
