import { api, type BatchAnswer, type BatchItem, must } from '../api/client'
import { EMPTY_TALLY, isAsShown, joined, type Step, type Tally, tally } from './bulk'

/** The service that the instances are of. */
export interface Place {
  namespace: string
  service: string
}

/** The API takes this many operations at once. */
const BATCH = 500

/** What was done, and why it is not all if the end was not reached. */
export interface Written extends Tally {
  error?: unknown
}

async function send(path: Place, items: BatchItem[], query: { dry_run?: boolean } = {}): Promise<BatchAnswer[]> {
  const url = '/api/v1/namespaces/{namespace}/services/{service}/instances:batch'
  return (await must(api.POST(url, { params: { path, query }, body: { items } }))).items
}

/** What steps would do, up to as many as the API takes at once. */
export async function rehearse(place: Place, steps: Step[]): Promise<Tally> {
  const items = steps.map(({ shown: { id }, to }) => ({ patch: { id, ...to } }))
  return tally(steps, await send(place, items, { dry_run: true }))
}

/** Takes steps, one batch after another so that the server is not flooded, up to the first that fails. */
export async function write(place: Place, steps: Step[]): Promise<Written> {
  let total = EMPTY_TALLY
  try {
    for (let at = 0; at < steps.length; at += BATCH) {
      // oxlint-disable-next-line no-await-in-loop -- one after another
      total = joined(total, await writeSome(place, steps.slice(at, at + BATCH)))
    }
    return total
  } catch (error) {
    return { ...total, error }
  }
}

/**
 * Takes steps at once; what somebody else changed in the same part since it was shown is refused.
 *
 * Any change of an instance moves its revision on, so after a refusal the part itself is compared.
 */
async function writeSome(place: Place, steps: Step[]): Promise<Tally> {
  const items = steps.map(({ shown: { id, revision }, to }) => ({ patch: { id, ...to, if_revision: revision } }))
  const answers = await send(place, items)
  const late = steps.filter((_, index) => answers[index]?.status === 412)
  const again = late.length > 0 ? await renewed(place, late) : []
  if (again.length === 0) return tally(steps, answers)
  const ids = new Set(again.map(({ shown }) => shown.id))
  const isOver = (index: number) => !ids.has(steps[index]?.shown.id ?? '')
  const over = tally(steps.filter((_, index) => isOver(index)), answers.filter((_, index) => isOver(index)))
  return joined(over, await writeSome(place, again))
}

/** Steps from what is there now, where that is as it was shown. */
async function renewed(place: Place, late: Step[]): Promise<Step[]> {
  // What an empty change would leave is what is there.
  const now = await send(place, late.map(({ shown: { id } }) => ({ patch: { id } })), { dry_run: true })
  return late.flatMap((step, index) => {
    const current = now[index]?.instance
    return current && isAsShown(step, current) ? [{ ...step, shown: current }] : []
  })
}
