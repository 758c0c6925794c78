import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api, ifMatch, must, type Namespace } from '../api/client'
import { Problem } from '../api/problem'
import { useTold } from '../i18n/use-told'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Failure } from '../ui/states'
import { toast, toastError } from '../ui/toast'

/** Asks once more, and says what stands in the way. */
export function DeleteNamespace({ namespace, onClose }: { namespace: Namespace; onClose: () => void }) {
  const { namespaces: text, actions, forms } = useText()
  const client = useQueryClient()
  const { name, service_count: services } = namespace
  const told = useTold()
  /** Brings it back with all that people said of it, unless somebody created another one. */
  async function restore() {
    const { comment, metadata } = namespace
    try {
      const params = { path: { namespace: name }, header: { 'If-None-Match': '*' } }
      await must(api.PUT('/api/v1/namespaces/{namespace}', { params, body: { comment, metadata } }))
      toast(forms.restored(name))
    } catch (error) {
      toastError(`${name}: ${told(error)}`)
    }
    void client.invalidateQueries({ queryKey: ['namespaces'] })
  }
  const remove = useMutation({
    mutationFn: () => {
      const params = { path: { namespace: name }, header: ifMatch(namespace.revision) }
      return must(api.DELETE('/api/v1/namespaces/{namespace}', { params }))
    },
    onSuccess: () => {
      toast(text.deleted(name), () => void restore())
      void client.invalidateQueries({ queryKey: ['namespaces'] })
      onClose()
    },
  })
  const isRefused = remove.error instanceof Problem && remove.error.status === 409
  return (
    <Dialog title={text.deleteTitle(name)} onClose={onClose}>
      <p>{services > 0 ? text.deleteRefused(services) : text.deleteHint}</p>
      {(services > 0 || isRefused) && (
        <Link to="/services" search={{ ns: name }} onClick={onClose}>
          {text.showServices}
        </Link>
      )}
      {remove.error && <Failure error={remove.error} />}
      <div className="form-foot">
        <Button onClick={onClose}>{actions.cancel}</Button>
        <Button kind="danger" disabled={remove.isPending || services > 0} onClick={() => remove.mutate()}>
          {actions.delete}
        </Button>
      </div>
    </Dialog>
  )
}
