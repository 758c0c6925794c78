import { useMutation } from '@tanstack/react-query'
import type { Instance } from '../api/client'
import { Problem } from '../api/problem'
import { endpoint } from '../changes/summary'
import { toldByField } from '../i18n/told'
import { useText } from '../i18n/use-text'
import { type Entries, entriesText, readEntries } from '../ui/entries'
import { EntriesField, toldEntries } from '../ui/entries-field'
import { FormDialog } from '../ui/form-dialog'
import { Failure } from '../ui/states'
import { useForm } from '../ui/use-form'

interface Props {
  /** The instance as it was when the dialog opened. */
  shown: Instance
  /** Writes it, or throws why it was not written. */
  onSave: (metadata: Entries) => Promise<unknown>
  onClose: () => void
}

/** Changes the metadata of an instance; entries that others add meanwhile stay. */
export function MetadataDialog({ shown, onSave, onClose }: Props) {
  const words = useText()
  const { instances: text, actions } = words
  const save = useMutation({
    mutationFn: (lines: string) => onSave(readEntries(lines).entries ?? shown.metadata),
    onSuccess: onClose,
  })
  const { metadata: refused } = save.error instanceof Problem ? toldByField(save.error, words) : {}
  const judged = ({ metadata }: { metadata: string }) => {
    const { fault } = readEntries(metadata)
    return { metadata: fault && toldEntries(fault, words) }
  }
  const form = useForm({ metadata: entriesText(shown.metadata) }, judged, { metadata: refused })
  return (
    <FormDialog
      title={text.metadataOf(endpoint(shown))}
      isDirty={form.isDirty}
      isBusy={save.isPending}
      submit={actions.save}
      refusal={form.refusals + (save.isError ? save.submittedAt : 0)}
      onSubmit={() => form.submit(({ metadata }) => save.mutate(metadata))}
      onClose={onClose}
    >
      <EntriesField label={text.metadata} rows={6} {...form.field('metadata')} />
      {save.error && refused === undefined && <Failure error={save.error} />}
    </FormDialog>
  )
}
