import { useQuery } from '@tanstack/react-query'
import { isNamespaceName } from '../api/name'
import { useText } from '../i18n/use-text'
import { allNamespacesQuery } from '../namespaces/queries'
import { servicesQuery } from '../services/queries'
import { anywhere } from '../search/tokens'
import { ComboField } from '../ui/combo-field'
import { useFault } from './faults'

interface Selector {
  namespace?: string | undefined
  service?: string | undefined
}

interface Props {
  /** The place in the rule, as a JSON pointer, such as `/callee`. */
  at: string
  value: Selector
  /** The namespace that is meant if none is said. */
  namespace: string
  words: { service: string; namespace: string; serviceHint: string; namespaceHint: string }
  onChange: (value: Selector) => void
}

/** Chooses a service or a pattern of services, with what the control plane knows to choose from. */
export function ServiceFields({ at, value, namespace, words, onChange }: Props) {
  const { rules: text, health } = useText()
  const { service = '' } = value
  const place = value.namespace === undefined || value.namespace === '*' ? namespace : value.namespace
  const word = service.replaceAll('*', '')
  const { data: found } = useQuery({
    ...servicesQuery({ namespace: place, ...(word ? { name: anywhere(word) } : {}), page_size: 8 }),
    placeholderData: (before) => before,
    enabled: isNamespaceName(place),
  })
  const { data: namespaces } = useQuery(allNamespacesQuery)
  const services = (found?.items ?? []).map(({ name, instance_count: total = 0, healthy_instance_count: healthy = 0 }) => ({
    value: name,
    context: total === 0 ? health.empty : health.of(healthy, total),
  }))
  return (
    <div className="fields">
      <ComboField
        label={words.service}
        hint={words.serviceHint}
        fault={useFault(`${at}/service`)}
        at={`${at}/service`}
        value={service}
        choices={[...services, { value: '*', context: text.everyService }]}
        onChange={(next) => onChange({ ...value, service: next.trim() })}
      />
      <ComboField
        label={words.namespace}
        hint={words.namespaceHint}
        fault={useFault(`${at}/namespace`)}
        at={`${at}/namespace`}
        value={value.namespace ?? ''}
        choices={[...(namespaces ?? []).map(({ name, comment }) => ({ value: name, context: comment })), { value: '*', context: text.everyNamespace }]}
        onChange={(next) => onChange({ ...value, namespace: next.trim() || undefined })}
      />
    </div>
  )
}
