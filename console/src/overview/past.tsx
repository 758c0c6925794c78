import { Link } from '@tanstack/react-router'
import { useText } from '../i18n/use-text'
import { LIMIT } from '../limit/limit'
import { NEARBY } from '../nearby/nearby'
import { ROUTING } from '../routing/routing'
import { Panel } from '../ui/page'

/** Says what of an earlier moment is not known, and leads to what is. */
export function Past() {
  const { overview: text, services, routing, nearby, limits } = useText()
  return (
    <Panel title={text.asThen}>
      <div className="stack">
        <p className="muted">{text.nowOnly}</p>
        <nav className="row wrap" aria-label={text.asThen}>
          <Link to="/services">{services.title}</Link>
          <Link to={ROUTING.list}>{routing.title}</Link>
          <Link to={NEARBY.list}>{nearby.title}</Link>
          <Link to={LIMIT.list}>{limits.title}</Link>
        </nav>
      </div>
    </Panel>
  )
}
