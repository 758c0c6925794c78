import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ifMatch, must, type Namespace, type NamespaceSpec } from '../api/client'
import { Problem } from '../api/problem'
import { Meanwhile, unlessMeanwhile } from '../conflict/meanwhile'
import { useOvertaken } from '../conflict/use-overtaken'
import { toldByField } from '../i18n/told'
import { useText } from '../i18n/use-text'
import { entriesText, readEntries } from '../ui/entries'
import { EntriesField, toldEntries } from '../ui/entries-field'
import { TextField } from '../ui/field'
import { FormDialog } from '../ui/form-dialog'
import { Failure, Fault } from '../ui/states'
import { toast } from '../ui/toast'
import { useForm } from '../ui/use-form'

interface Props {
  /** The namespace to edit; none to create one. */
  namespace?: Namespace
  onClose: () => void
}

type Said = Required<Omit<NamespaceSpec, 'name'>>
/** A state of a namespace that can be written over. */
type State = Said & { revision: number }

const ONE = '/api/v1/namespaces/{namespace}'
const formOf = (name: string, { comment, metadata }: Said) => ({ name, comment, metadata: entriesText(metadata) })
const saidOf = ({ comment, metadata }: Said): Said => ({ comment, metadata })
type NamespaceForm = ReturnType<typeof formOf>

function readForm({ comment, metadata }: NamespaceForm): Said | undefined {
  const { entries } = readEntries(metadata)
  return entries && { comment, metadata: entries }
}

/** Creates a namespace, or edits one; what was typed outlives every refusal. */
export function NamespaceDialog({ namespace, onClose }: Props) {
  const words = useText()
  const { namespaces: text, services, actions, forms } = words
  const client = useQueryClient()
  // What is written over: as it was shown, or as somebody else left it meanwhile.
  const [base, setBase] = useState<State | undefined>(namespace)
  const save = useMutation({
    mutationFn: (form: NamespaceForm) => write(form, base),
    onSuccess: ({ name }) => {
      toast(namespace ? text.saved(name) : text.created(name))
      void client.invalidateQueries({ queryKey: ['namespaces'] })
      onClose()
    },
    onError: (error, form) => {
      if (!base || !(error instanceof Meanwhile)) return
      const theirs = error.theirs as State | undefined
      const mine = readForm(form)
      if (theirs && mine) overtaken.begin(saidOf(base), mine, saidOf(theirs), theirs.revision)
      setBase(theirs)
    },
  })
  const byField = save.error instanceof Problem ? toldByField(save.error, words) : {}
  const start = formOf(namespace?.name ?? '', namespace ?? { comment: '', metadata: {} })
  const judged = ({ name, metadata }: NamespaceForm) => {
    const { fault } = readEntries(metadata)
    return { name: name.trim() === '' ? forms.missing : undefined, metadata: fault && toldEntries(fault, words) }
  }
  const form = useForm<NamespaceForm>(start, judged, byField)
  const overtaken = useOvertaken({
    read: () => readForm(form.values),
    show: (said) => form.set(formOf(form.values.name, said)),
    names: { comment: text.comment, metadata: services.metadata },
  })
  const isElsewhere = save.error && !(save.error instanceof Meanwhile) && Object.keys(byField).length === 0
  const isGone = save.error instanceof Meanwhile && save.error.theirs === undefined
  return (
    <FormDialog
      title={namespace ? text.editTitle(namespace.name) : text.create}
      isDirty={form.isDirty}
      isBusy={save.isPending}
      submit={namespace ? actions.save : actions.create}
      refusal={form.refusals + overtaken.refusals + (save.isError ? save.submittedAt : 0)}
      onSubmit={() => form.submit((values) => overtaken.isDecided() && save.mutate(values))}
      onClose={onClose}
    >
      {!namespace && <TextField label={text.name} required {...form.field('name')} />}
      <TextField label={text.comment} {...form.field('comment')} />
      <EntriesField label={services.metadata} {...form.field('metadata')} />
      {overtaken.notice}
      {isGone && <Fault>{forms.gone}</Fault>}
      {isElsewhere && <Failure error={save.error} />}
    </FormDialog>
  )
}

/** Creates a namespace where there is none to write over. */
function write(form: NamespaceForm, base: State | undefined) {
  const { name } = form
  const body = { name, ...readForm(form) }
  if (!base) return must(api.POST('/api/v1/namespaces', { body }))
  const path = { namespace: name }
  const params = { path, header: ifMatch(base.revision) }
  return unlessMeanwhile(
    () => must(api.PUT(ONE, { params, body })),
    () => must(api.GET(ONE, { params: { path } })),
  )
}
