import { useNavigate } from '@tanstack/react-router'
import type { Instance } from '../api/client'
import { endpoint } from '../changes/summary'
import { useText } from '../i18n/use-text'
import { serviceText } from '../simulator/call'
import { Button } from '../ui/button'
import { Menu, type MenuItem } from '../ui/menu'
import type { useInstanceWrites } from './writes'

interface Props {
  instance: Instance
  writes: ReturnType<typeof useInstanceWrites>
  onLabel: (instance: Instance) => void
}

/** What an operator does to an instance from its row. */
export function RowActions({ instance, writes, onLabel }: Props) {
  const { instances: text, simulator } = useText()
  const navigate = useNavigate()
  const at = endpoint(instance)
  const { isolated, health, health_check: check } = instance
  const other = health === 'healthy' ? 'unhealthy' : 'healthy'
  const edit: MenuItem = { label: text.editMetadata, run: () => onLabel(instance) }
  const why: MenuItem = {
    label: simulator.whyNotThis,
    run: () => void navigate({ to: '/simulator', search: { to: serviceText(instance.namespace, instance.service), instance: instance.id } }),
  }
  const mark: MenuItem = {
    label: other === 'healthy' ? text.markHealthy : text.markUnhealthy,
    run: () => void writes.mark(instance, other),
  }
  const deregister: MenuItem = { label: text.deregister, isDanger: true, run: () => void writes.deregister(instance) }
  // An instance that beats says itself how it is, and would come back at once.
  const isStatic = check.type === 'none'
  const items = [edit, ...(isStatic ? [mark] : []), why, ...(isStatic || health === 'unhealthy' ? [deregister] : [])]
  return (
    <span className="row row-end">
      <Button
        kind="ghost"
        aria-label={isolated ? text.restoreOne(at) : text.isolateOne(at)}
        onClick={() => void (isolated ? writes.restore(instance) : writes.isolate(instance))}
      >
        {isolated ? text.restore : text.isolate}
      </Button>
      <Menu label={text.moreFor(at)} icon="more" items={items} />
    </span>
  )
}
