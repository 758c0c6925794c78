import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useText } from '../i18n/use-text'
import { allNamespacesQuery } from '../namespaces/queries'
import { Empty, Failed, Loading } from '../ui/states'

/** The way to the services of a namespace as they were: those of all are known of now alone. */
export function PastNamespaces() {
  const { time } = useText()
  const { data, error, refetch } = useQuery(allNamespacesQuery)
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />
  if (!data) return <Loading rows={3} />
  return (
    <Empty title={time.chooseNamespace}>
      <nav className="row wrap" aria-label={time.chooseNamespace}>
        {data.map(({ name }) => (
          <Link key={name} className="button" to="/services" search={(now) => ({ ...now, ns: name, page: undefined })}>
            {name}
          </Link>
        ))}
      </nav>
    </Empty>
  )
}
