import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTold } from '../i18n/use-told'
import { useText } from '../i18n/use-text'
import { parseSearch } from '../search/tokens'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { SelectField, TextField } from '../ui/field'
import { Failure, Fault } from '../ui/states'
import { toast, toastError } from '../ui/toast'
import { type BulkAction, type Changed, EMPTY_TALLY, joined, type Step, stepOf, takesCalls, type Tally, undoOf } from './bulk'
import { rehearse, write, type Written } from './bulk-write'
import { allInstances, INSTANCE_TOKENS, instancesFilter } from './queries'

interface Props {
  namespace: string
  service: string
  /** The search that chooses the instances; all of the service if it is empty. */
  q: string
  onClose: () => void
}

interface Counted extends Tally {
  /** Nothing of the service would be left that takes calls. */
  isLast: boolean
}

/** Whether a change takes out what is left of a service to take calls. */
async function isLast({ namespace, service }: { namespace: string; service: string }, changed: Changed[]): Promise<boolean> {
  const takenOut = new Set(changed.filter(({ before, after }) => takesCalls(before) && !takesCalls(after)).map(({ before }) => before.id))
  if (takenOut.size === 0) return false
  for await (const page of allInstances(namespace, service, { health: 'healthy', isolated: false })) {
    if (page.some((one) => takesCalls(one) && !takenOut.has(one.id))) return false
  }
  return true
}

/** Changes every instance that a search finds, on whatever page it is; counts before. */
export function BulkDialog({ namespace, service, q, onClose }: Props) {
  const { instances: text, actions } = useText()
  const told = useTold()
  const client = useQueryClient()
  const [does, setDoes] = useState<BulkAction['does']>('isolate')
  const [weight, setWeight] = useState('100')
  const [read, setRead] = useState(0)
  const action: BulkAction = does === 'weigh' ? { does, weight: Number(weight) } : { does }

  const place = { namespace, service }

  const count = useMutation<Counted>({
    mutationFn: async () => {
      let total = EMPTY_TALLY
      setRead(0)
      const filter = instancesFilter(parseSearch(q, INSTANCE_TOKENS, 'ip'))
      for await (const page of allInstances(namespace, service, filter)) {
        total = joined(total, await rehearse(place, page.map((one) => stepOf(action, one))))
        setRead(total.total)
      }
      return { ...total, isLast: await isLast(place, total.changed) }
    },
  })

  /** Takes steps; tells what became of them unless they were stopped, with `back` as the way back. */
  async function take(steps: Step[], back?: (changed: Changed[]) => void) {
    const written = await write(place, steps)
    const { changed, refused, error } = written
    void client.invalidateQueries({ queryKey: ['service', namespace, service] })
    if (error === undefined) {
      toast(refused > 0 ? text.bulkPartly(changed.length, refused) : text.bulkDone(changed.length), back && (() => back(changed)))
    }
    return written
  }
  const stoppedAt = ({ changed, error }: Written, asked: number) => text.bulkStopped(changed.length, asked, told(error))
  async function undo(changed: Changed[]) {
    const undone = await take(changed.map(undoOf))
    if (undone.error !== undefined) toastError(stoppedAt(undone, changed.length))
  }
  const apply = useMutation({
    mutationFn: (changed: Changed[]) =>
      take(
        changed.map(({ before }) => stepOf(action, before)),
        (done) => void undo(done),
      ),
    onSuccess: ({ error }) => {
      if (error === undefined) onClose()
      else count.reset()
    },
  })
  const stopped = apply.data?.error === undefined ? undefined : apply.data
  const takeBack = useMutation({ mutationFn: undo, onSuccess: onClose })
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
  const isWriting = apply.isPending || takeBack.isPending
  const isBusy = count.isPending || isWriting
  return (
    <Dialog title={text.bulkTitle} isBusy={isWriting} onClose={onClose}>
      <p>{q ? text.bulkMatching(q) : text.bulkAll}</p>
      <fieldset className="plain fields" disabled={isBusy}>
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
      </fieldset>
      <div role="status">
        {count.isPending && <p className="muted num">{text.bulkCounting(read)}</p>}
        {counted && <p className="num">{text.bulkWould(counted.changed.length, counted.total)}</p>}
        {counted?.isLast && <p className="notice notice-warn">{text.bulkNothingLeft}</p>}
        {counted && counted.refused > 0 && <p className="text-bad num">{text.bulkRefused(counted.refused)}</p>}
      </div>
      {count.error && <Failure error={count.error} />}
      {stopped && <Fault>{stoppedAt(stopped, apply.variables?.length ?? 0)}</Fault>}
      <div className="form-foot">
        <Button disabled={isWriting} onClick={onClose}>
          {actions.cancel}
        </Button>
        {stopped && stopped.changed.length > 0 && (
          <Button disabled={isBusy} onClick={() => takeBack.mutate(stopped.changed)}>
            {actions.undo}
          </Button>
        )}
        {counted && counted.changed.length > 0 ? (
          <Button kind={counted.isLast ? 'danger' : 'primary'} disabled={isBusy} onClick={() => apply.mutate(counted.changed)}>
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
