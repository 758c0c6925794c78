import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api, ifMatch, must, type ServiceSummary } from '../api/client'
import { useTold } from '../i18n/use-told'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Fault } from '../ui/states'
import { toast } from '../ui/toast'

/** Asks once more, and says why a service cannot be deleted. */
export function DeleteService({ service, onClose }: { service: ServiceSummary; onClose: () => void }) {
  const { services: text, actions } = useText()
  const client = useQueryClient()
  const navigate = useNavigate()
  const told = useTold()
  const { namespace, name } = service
  const remove = useMutation({
    mutationFn: () => {
      const params = { path: { namespace, service: name }, header: ifMatch(service.revision) }
      return must(api.DELETE('/api/v1/namespaces/{namespace}/services/{service}', { params }))
    },
    onSuccess: async () => {
      toast(text.deleted(name))
      await navigate({ to: '/services', search: { ns: namespace } })
      void client.invalidateQueries({ queryKey: ['services'] })
    },
  })
  return (
    <Dialog title={text.deleteTitle(name)} onClose={onClose}>
      <p>{text.deleteHint}</p>
      {remove.error && <Fault>{told(remove.error)}</Fault>}
      <div className="form-foot">
        <Button onClick={onClose}>{actions.cancel}</Button>
        <Button kind="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
          {actions.delete}
        </Button>
      </div>
    </Dialog>
  )
}
