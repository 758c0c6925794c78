import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, type BatchItem, type Instance, must } from '../api/client'
import { useTold } from '../i18n/use-told'
import { useText } from '../i18n/use-text'
import { parseSearch } from '../search/tokens'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { SelectField, TextField } from '../ui/field'
import { Fault } from '../ui/states'
import { toast, toastError } from '../ui/toast'
import { type BulkAction, EMPTY_TALLY, itemOf, joined, type Tally, tally, undoOf } from './bulk'
import { allInstances, INSTANCE_TOKENS, instancesFilter } from './queries'

interface Props {
  namespace: string
  service: string
  /** The search that chooses the instances; all of the service if it is empty. */
  q: string
  onClose: () => void
}

/** The API takes this many operations at once. */
const BATCH = 500

/** Changes every instance that a search finds, on whatever page it is; counts before. */
export function BulkDialog({ namespace, service, q, onClose }: Props) {
  const { instances: text, actions } = useText()
  const told = useTold()
  const client = useQueryClient()
  const [does, setDoes] = useState<BulkAction['does']>('isolate')
  const [weight, setWeight] = useState('100')
  const [read, setRead] = useState(0)
  const action: BulkAction = does === 'weigh' ? { does, weight: Number(weight) } : { does }

  async function send(items: BatchItem[], isRehearsal: boolean) {
    const params = { path: { namespace, service }, query: isRehearsal ? { dry_run: true } : {} }
    const path = '/api/v1/namespaces/{namespace}/services/{service}/instances:batch'
    return (await must(api.POST(path, { params, body: { items } }))).items
  }

  async function sendAll(instances: Instance[], itemFor: (instance: Instance) => BatchItem, isRehearsal: boolean) {
    let total = EMPTY_TALLY
    for (let at = 0; at < instances.length; at += BATCH) {
      const part = instances.slice(at, at + BATCH)
      // oxlint-disable-next-line no-await-in-loop -- one after another, so that the server is not flooded
      total = joined(total, tally(part, await send(part.map(itemFor), isRehearsal)))
    }
    return total
  }

  const count = useMutation<Tally>({
    mutationFn: async () => {
      let total = EMPTY_TALLY
      setRead(0)
      const filter = instancesFilter(parseSearch(q, INSTANCE_TOKENS, 'ip'))
      for await (const page of allInstances(namespace, service, filter)) {
        total = joined(total, await sendAll(page, (one) => itemOf(action, one), true))
        setRead(total.total)
      }
      return total
    },
  })
  const refresh = () => client.invalidateQueries({ queryKey: ['service', namespace, service] })
  async function undo(changed: Instance[]) {
    try {
      const back = await sendAll(changed, (one) => undoOf(action, one), false)
      toast(text.bulkDone(back.total - back.refused))
    } catch (error) {
      toastError(String(error))
    }
    void refresh()
  }
  const apply = useMutation({
    mutationFn: (changed: Instance[]) => sendAll(changed, (one) => itemOf(action, one), false),
    onSuccess: ({ changed, refused }) => {
      toast(refused > 0 ? text.bulkPartly(changed.length, refused) : text.bulkDone(changed.length), () => void undo(changed))
      void refresh()
      onClose()
    },
  })
  const counted = count.data
  const choose = (next: string) => {
    count.reset()
    setDoes(next as BulkAction['does'])
  }
  const weigh = (next: string) => {
    count.reset()
    setWeight(next)
  }
  const isWeight = /^\d+$/.test(weight) && Number(weight) <= 10_000
  const isBusy = count.isPending || apply.isPending
  const fault = count.error ?? apply.error
  return (
    <Dialog title={text.bulkTitle} onClose={onClose}>
      <p>{q ? text.bulkMatching(q) : text.bulkAll}</p>
      <div className="fields">
        <SelectField
          label={text.bulkAction}
          value={does}
          onChange={choose}
          options={[
            ['isolate', text.isolate],
            ['restore', text.restore],
            ['weigh', text.bulkWeight],
          ]}
        />
        {does === 'weigh' && (
          <TextField
            label={text.weight}
            inputMode="numeric"
            value={weight}
            onChange={weigh}
            fault={isWeight ? undefined : text.weightHint}
          />
        )}
      </div>
      <div role="status">
        {count.isPending && <p className="muted num">{text.bulkCounting(read)}</p>}
        {counted && <p className="num">{text.bulkWould(counted.changed.length, counted.total)}</p>}
        {counted && counted.refused > 0 && <p className="text-bad num">{text.bulkRefused(counted.refused)}</p>}
      </div>
      {fault && <Fault>{told(fault)}</Fault>}
      <div className="form-foot">
        <Button onClick={onClose}>{actions.cancel}</Button>
        {counted && counted.changed.length > 0 ? (
          <Button kind="primary" disabled={isBusy} onClick={() => apply.mutate(counted.changed)}>
            {text.bulkApply(counted.changed.length)}
          </Button>
        ) : (
          <Button kind="primary" disabled={isBusy || (does === 'weigh' && !isWeight)} onClick={() => count.mutate()}>
            {text.bulkPreview}
          </Button>
        )}
      </div>
    </Dialog>
  )
}
