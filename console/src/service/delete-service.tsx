import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api, ifMatch, must, type ServiceSummary } from '../api/client'
import { useTold } from '../i18n/use-told'
import { useText } from '../i18n/use-text'
import { whileLeaving } from '../live/leaving'
import { saidOf } from '../services/form'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Failure } from '../ui/states'
import { toast, toastError } from '../ui/toast'

/** Asks once more, and says why a service cannot be deleted. */
export function DeleteService({ service, onClose }: { service: ServiceSummary; onClose: () => void }) {
  const { services: text, actions, forms } = useText()
  const client = useQueryClient()
  const navigate = useNavigate()
  const { namespace, name } = service
  const told = useTold()
  /** Brings it back with all that people said of it, unless somebody created another one. */
  async function restore() {
    try {
      const params = { path: { namespace, service: name }, header: { 'If-None-Match': '*' } }
      await must(api.PUT('/api/v1/namespaces/{namespace}/services/{service}', { params, body: saidOf(service) }))
      toast(forms.restored(name))
    } catch (error) {
      toastError(`${name}: ${told(error)}`)
    }
    void client.invalidateQueries({ predicate: ({ queryKey: [noun] }) => noun === 'services' || noun === 'service' })
  }
  const remove = useMutation({
    mutationFn: () =>
      whileLeaving(['service', namespace, name], async () => {
        const params = { path: { namespace, service: name }, header: ifMatch(service.revision) }
        await must(api.DELETE('/api/v1/namespaces/{namespace}/services/{service}', { params }))
        toast(text.deleted(name), () => void restore())
        await navigate({ to: '/services', search: { ns: namespace } })
      }),
    onSuccess: () => void client.invalidateQueries({ queryKey: ['services'] }),
  })
  return (
    <Dialog title={text.deleteTitle(name)} onClose={onClose}>
      <p>{text.deleteHint}</p>
      {remove.error && <Failure error={remove.error} />}
      <div className="form-foot">
        <Button onClick={onClose}>{actions.cancel}</Button>
        <Button kind="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
          {actions.delete}
        </Button>
      </div>
    </Dialog>
  )
}
