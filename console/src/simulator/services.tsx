import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useText } from '../i18n/use-text'
import { findServicesQuery } from '../services/queries'
import { Empty } from '../ui/states'
import { serviceText } from './call'

/** Some services to begin with, where nobody is called yet. */
export function Services() {
  const { simulator: text, limitSimulator: limits } = useText()
  const { data } = useQuery(findServicesQuery(''))
  return (
    <Empty title={text.emptyTitle} hint={data?.items.length === 0 ? limits.emptyHint : text.emptyHint}>
      <ul className="row wrap row-center" aria-label={text.to}>
        {(data?.items ?? []).map(({ namespace, name }) => (
          <li key={serviceText(namespace, name)}>
            <Link to="/simulator" search={{ to: serviceText(namespace, name) }} className="button">
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </Empty>
  )
}
