import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api, ifMatch, must, type Namespace } from '../api/client'
import { Problem } from '../api/problem'
import { useTold } from '../i18n/use-told'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Fault } from '../ui/states'
import { toast } from '../ui/toast'

/** Asks once more, and says what stands in the way. */
export function DeleteNamespace({ namespace, onClose }: { namespace: Namespace; onClose: () => void }) {
  const { namespaces: text, actions } = useText()
  const client = useQueryClient()
  const { name, service_count: services } = namespace
  const remove = useMutation({
    mutationFn: () => {
      const params = { path: { namespace: name }, header: ifMatch(namespace.revision) }
      return must(api.DELETE('/api/v1/namespaces/{namespace}', { params }))
    },
    onSuccess: () => {
      toast(text.deleted(name))
      void client.invalidateQueries({ queryKey: ['namespaces'] })
      onClose()
    },
  })
  const told = useTold()
  const isRefused = remove.error instanceof Problem && remove.error.status === 409
  return (
    <Dialog title={text.deleteTitle(name)} onClose={onClose}>
      <p>{services > 0 ? text.deleteRefused(services) : text.deleteHint}</p>
      {(services > 0 || isRefused) && (
        <Link to="/services" search={{ ns: name }} onClick={onClose}>
          {text.showServices}
        </Link>
      )}
      {remove.error && <Fault>{told(remove.error)}</Fault>}
      <div className="form-foot">
        <Button onClick={onClose}>{actions.cancel}</Button>
        <Button kind="danger" disabled={remove.isPending || services > 0} onClick={() => remove.mutate()}>
          {actions.delete}
        </Button>
      </div>
    </Dialog>
  )
}
