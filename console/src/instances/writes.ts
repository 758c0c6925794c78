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

/** What an operator does to one instance; every outcome is told in a toast, with a way back. */
export function useInstanceWrites() {
  const { instances: text, health: healthText } = useText()
  const told = useTold()
  const client = useQueryClient()

  async function attempt(instance: Instance, write: () => Promise<string>, undo?: () => void): Promise<boolean> {
    try {
      toast(await write(), undo)
      return true
    } catch (error) {
      const isTaken = error instanceof WeightTaken
      toastError(isTaken ? text.weightTaken(endpoint(instance), error.current.weight) : `${endpoint(instance)}: ${told(error)}`)
      return false
    } finally {
      void client.invalidateQueries({ queryKey: ['service', instance.namespace, instance.service] })
    }
  }

  const isolate = (instance: Instance, isolated: boolean, canUndo = true): Promise<boolean> => {
    const undo = canUndo ? () => void isolate(instance, !isolated, false) : undefined
    const write = async () => {
      await patch(instance, { isolated })
      return isolated ? text.wasIsolated(endpoint(instance)) : text.wasRestored(endpoint(instance))
    }
    return attempt(instance, write, undo)
  }

  const weigh = (instance: Instance, weight: number): Promise<boolean> => {
    let written: Instance | undefined
    const undo = () => {
      if (written) void attempt(written, () => reweigh(written ?? instance, instance.weight))
    }
    const write = async () => {
      written = await setWeight(instance, weight)
      return text.weightSet(endpoint(instance), instance.weight, weight)
    }
    return attempt(instance, write, undo)
  }

  const reweigh = async (instance: Instance, weight: number) => {
    await setWeight(instance, weight)
    return text.weightSet(endpoint(instance), instance.weight, weight)
  }

  const mark = (instance: Instance, health: Health): Promise<boolean> => {
    const write = async () => {
      await patch(instance, { health })
      return text.wasMarked(endpoint(instance), healthText[health])
    }
    return attempt(instance, write)
  }

  const label = (instance: Instance, metadata: Record<string, string>): Promise<boolean> => {
    const change = async (from: Record<string, string>, to: Record<string, string>) => {
      await patch(instance, { metadata: metadataPatch(from, to) })
      return text.labelled(endpoint(instance))
    }
    const undo = () => void attempt(instance, () => change(metadata, instance.metadata))
    return attempt(instance, () => change(instance.metadata, metadata), undo)
  }

  const deregister = (instance: Instance): Promise<boolean> => {
    const again = async () => {
      await must(api.PUT(ONE, { params: { path: pathOf(instance) }, body: putOf(instance) }))
      return text.registered(endpoint(instance))
    }
    const write = async () => {
      await must(api.DELETE(ONE, { params: { path: pathOf(instance) } }))
      return text.wasDeregistered(endpoint(instance))
    }
    return attempt(instance, write, () => void attempt(instance, again))
  }

  return { isolate, weigh, mark, label, deregister }
}
