import { useQueryClient } from '@tanstack/react-query'
import { api, type Health, ifMatch, type Instance, must } from '../api/client'
import { Problem } from '../api/problem'
import { endpoint } from '../changes/summary'
import { useTold } from '../i18n/use-told'
import { useText } from '../i18n/use-text'
import { toast, toastError } from '../ui/toast'
import { metadataPatch } from './metadata'
import { putOf } from './put'

const ONE = '/api/v1/namespaces/{namespace}/services/{service}/instances/{id}'
const pathOf = ({ namespace, service, id }: Instance) => ({ namespace, service, id })

type Metadata = Instance['metadata']

interface Patch {
  weight?: number
  isolated?: boolean
  health?: Health
  metadata?: Record<string, string | null>
}

const patch = (instance: Instance, body: Patch): Promise<Instance> =>
  must(api.PATCH(ONE, { params: { path: pathOf(instance) }, body }))

/**
 * Sets a weight, unless somebody else set it since it was shown.
 *
 * Any change of an instance moves its revision on, so after a refusal the weight itself is compared.
 */
async function setWeight(shown: Instance, weight: number): Promise<Instance> {
  let revision = shown.revision
  for (;;) {
    const params = { path: pathOf(shown), header: ifMatch(revision) }
    try {
      return await must(api.PATCH(ONE, { params, body: { weight } }))
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 412) throw error
      const current = await must(api.GET(ONE, { params: { path: pathOf(shown) } }))
      if (current.weight !== shown.weight) throw new WeightTaken(current)
      revision = current.revision
    }
  }
}

class WeightTaken extends Error {
  readonly current: Instance

  constructor(current: Instance) {
    super('the weight was changed meanwhile')
    this.current = current
  }
}

/** What became of a write. */
export type WriteOutcome =
  | { is: 'written'; instance: Instance }
  /** Somebody else set it since it was shown. */
  | { is: 'taken' }
  | { is: 'failed' }

/** What an operator does to one instance; every outcome is told in a toast, with a way back. */
export function useInstanceWrites() {
  const { instances: text, health: healthText } = useText()
  const told = useTold()
  const client = useQueryClient()

  async function attempt(
    instance: Instance,
    write: () => Promise<Instance>,
    said: string,
    undo?: (written: Instance) => void,
  ): Promise<WriteOutcome> {
    try {
      const written = await write()
      toast(said, undo && (() => undo(written)))
      return { is: 'written', instance: written }
    } catch (error) {
      if (error instanceof WeightTaken) {
        toastError(text.weightTaken(endpoint(instance), error.current.weight))
        return { is: 'taken' }
      }
      toastError(`${endpoint(instance)}: ${told(error)}`)
      return { is: 'failed' }
    } finally {
      void client.invalidateQueries({ queryKey: ['service', instance.namespace, instance.service] })
    }
  }

  const takeOut = (instance: Instance, undo?: () => void) =>
    attempt(instance, () => patch(instance, { isolated: true }), text.wasIsolated(endpoint(instance)), undo)

  const putBack = (instance: Instance, undo?: () => void) =>
    attempt(instance, () => patch(instance, { isolated: false }), text.wasRestored(endpoint(instance)), undo)

  const isolate = (instance: Instance) => takeOut(instance, () => void putBack(instance))

  const restore = (instance: Instance) => putBack(instance, () => void takeOut(instance))

  const reweigh = (shown: Instance, weight: number, undo?: (written: Instance) => void) =>
    attempt(shown, () => setWeight(shown, weight), text.weightSet(endpoint(shown), shown.weight, weight), undo)

  const weigh = (shown: Instance, weight: number) => reweigh(shown, weight, (written) => void reweigh(written, shown.weight))

  const mark = (instance: Instance, health: Health) =>
    attempt(instance, () => patch(instance, { health }), text.wasMarked(endpoint(instance), healthText[health]))

  /**
   * Brings the metadata from what was shown to what was typed; what others added since stays.
   *
   * Throws why it was not written: that is told where it was typed.
   */
  const label = async (shown: Instance, metadata: Metadata) => {
    const change = (from: Metadata, to: Metadata) => patch(shown, { metadata: metadataPatch(from, to) })
    const said = text.labelled(endpoint(shown))
    await change(shown.metadata, metadata)
    toast(said, () => void attempt(shown, () => change(metadata, shown.metadata), said))
    void client.invalidateQueries({ queryKey: ['service', shown.namespace, shown.service] })
  }

  const deregister = (instance: Instance) => {
    const params = { path: pathOf(instance) }
    // One that registered again by itself is not written over.
    const header = { 'If-None-Match': '*' }
    const again = () => must(api.PUT(ONE, { params: { ...params, header }, body: putOf(instance) }))
    const undo = () => void attempt(instance, again, text.registered(endpoint(instance)))
    const write = async () => {
      await must(api.DELETE(ONE, { params }))
      return instance
    }
    return attempt(instance, write, text.wasDeregistered(endpoint(instance)), undo)
  }

  return { isolate, restore, weigh, mark, label, deregister }
}
