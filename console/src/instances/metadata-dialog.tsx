import { useState } from 'react'
import type { Instance } from '../api/client'
import { endpoint } from '../changes/summary'
import { useText } from '../i18n/use-text'
import { metadataText, parseMetadata } from '../services/form'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { AreaField } from '../ui/field'

interface Props {
  /** The instance as it was when the dialog opened. */
  shown: Instance
  /** Resolves to whether it was written. */
  onSave: (metadata: Record<string, string>) => Promise<boolean>
  onClose: () => void
}

/** Changes the metadata of an instance; entries that others add meanwhile stay. */
export function MetadataDialog({ shown, onSave, onClose }: Props) {
  const { instances: text, services, actions } = useText()
  const [lines, setLines] = useState(metadataText(shown.metadata))
  const metadata = parseMetadata(lines)
  return (
    <Dialog title={text.metadataOf(endpoint(shown))} onClose={onClose}>
      <form
        className="stack"
        onSubmit={async (event) => {
          event.preventDefault()
          if (typeof metadata !== 'number' && (await onSave(metadata))) onClose()
        }}
      >
        <AreaField
          label={text.metadata}
          hint={services.metadataHint}
          isCode
          rows={6}
          value={lines}
          onChange={setLines}
          fault={typeof metadata === 'number' ? services.metadataLine(metadata) : undefined}
        />
        <div className="form-foot">
          <Button onClick={onClose}>{actions.cancel}</Button>
          <Button kind="primary" type="submit" disabled={typeof metadata === 'number'}>
            {actions.save}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
