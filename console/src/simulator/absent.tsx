import { Link } from '@tanstack/react-router'
import { useText } from '../i18n/use-text'
import { useScope } from '../shell/scope'
import { serviceText } from './call'

/** Says that nobody of a name can be called, and leads to those who can, or to where the service is made. */
export function Absent({ service: { namespace, service } }: { service: { namespace: string; service: string } }) {
  const { simulator: text, services } = useText()
  const { asOf } = useScope()
  return (
    <div className="empty" role="alert">
      <p className="empty-title">{asOf === undefined ? text.absent(serviceText(namespace, service)) : text.absentThen(serviceText(namespace, service))}</p>
      <p className="muted">{text.absentHint}</p>
      <p className="row wrap row-center">
        <Link to="/services" search={{ q: service }} className="button">
          {text.absentSearch}
        </Link>
        {asOf === undefined && (
          <Link to="/services" search={{ create: 'yes' }} className="button">
            {services.create}
          </Link>
        )}
      </p>
    </div>
  )
}
