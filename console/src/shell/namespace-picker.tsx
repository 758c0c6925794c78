import { useQuery } from '@tanstack/react-query'
import { useText } from '../i18n/use-text'
import { allNamespacesQuery } from '../namespaces/queries'
import { useChooseNamespace } from './choose-namespace'
import { useScope } from './scope'

/** Chooses the namespace that every page looks at. */
export function NamespacePicker() {
  const { header } = useText()
  const { namespace } = useScope()
  const choose = useChooseNamespace()
  const { data } = useQuery(allNamespacesQuery)
  const names = data?.map(({ name }) => name) ?? []
  // What the address names is shown even if it does not exist.
  const choices = namespace === undefined || names.includes(namespace) ? names : [namespace, ...names]
  return (
    <select
      className="picker"
      aria-label={header.namespace}
      value={namespace ?? ''}
      onChange={(event) => choose(event.target.value || undefined)}
    >
      <option value="">{header.allNamespaces}</option>
      {choices.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  )
}
