import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ifMatch, must, type Namespace, type NamespaceSpec } from '../api/client'
import { Problem } from '../api/problem'
import { toldByField, told as toldOf } from '../i18n/told'
import { useText } from '../i18n/use-text'
import { metadataText, parseMetadata } from '../services/form'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { AreaField, TextField } from '../ui/field'
import { Fault } from '../ui/states'
import { toast } from '../ui/toast'

interface Props {
  /** The namespace to edit; none to create one. */
  namespace?: Namespace
  onClose: () => void
}

export function NamespaceDialog({ namespace, onClose }: Props) {
  const words = useText()
  const { namespaces: text, services, actions } = words
  const client = useQueryClient()
  const [name, setName] = useState(namespace?.name ?? '')
  const [comment, setComment] = useState(namespace?.comment ?? '')
  const [lines, setLines] = useState(metadataText(namespace?.metadata ?? {}))
  // After a conflict, saving again replaces what somebody else wrote.
  const [revision, setRevision] = useState(namespace?.revision)
  const metadata = parseMetadata(lines)
  const save = useMutation({
    mutationFn: (body: NamespaceSpec) => {
      if (revision === undefined) return must(api.POST('/api/v1/namespaces', { body }))
      const params = { path: { namespace: name }, header: ifMatch(revision) }
      return must(api.PUT('/api/v1/namespaces/{namespace}', { params, body }))
    },
    onSuccess: () => {
      toast(namespace ? text.saved(name) : text.created(name))
      void client.invalidateQueries({ queryKey: ['namespaces'] })
      onClose()
    },
    onError: (error) => {
      if (error instanceof Problem && error.status === 412) setRevision(error.body.current_revision)
    },
  })
  const problem = save.error instanceof Problem ? save.error : undefined
  const faults: Record<string, string> = problem ? toldByField(problem, words) : {}
  const rest = save.error && Object.keys(faults).length === 0 ? toldOf(save.error, words) : undefined
  const told = problem?.status === 412 ? services.conflict : rest
  return (
    <Dialog title={namespace ? text.editTitle(namespace.name) : text.create} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (typeof metadata !== 'number') save.mutate({ name, comment, metadata })
        }}
      >
        {!namespace && <TextField label={text.name} required value={name} onChange={setName} fault={faults.name} />}
        <TextField label={text.comment} value={comment} onChange={setComment} fault={faults.comment} />
        <AreaField
          label={services.metadata}
          hint={services.metadataHint}
          isCode
          value={lines}
          onChange={setLines}
          fault={typeof metadata === 'number' ? services.metadataLine(metadata) : faults.metadata}
        />
        {told && <Fault>{told}</Fault>}
        <div className="form-foot">
          <Button onClick={onClose}>{actions.cancel}</Button>
          <Button kind="primary" type="submit" disabled={save.isPending || typeof metadata === 'number'}>
            {namespace ? actions.save : actions.create}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
