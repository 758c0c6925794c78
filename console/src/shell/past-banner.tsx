import { useNavigate } from '@tanstack/react-router'
import { useText } from '../i18n/use-text'
import { fullTime } from '../time/format'
import { parseMoment } from '../time/moment'
import { Button } from '../ui/button'
import { usePreferences } from './preferences'
import { useScope } from './scope'

/** Says that the page shows the past, and leads back. */
export function PastBanner() {
  const { time } = useText()
  const { asOf } = useScope()
  const { language } = usePreferences()
  const navigate = useNavigate()
  if (asOf === undefined) return null
  const at = parseMoment(asOf)
  const moment = at?.is === 'time' ? fullTime(at.at, language) : time.revision(asOf)
  return (
    <div className="banner" role="status">
      <strong>{time.banner(moment)}</strong>
      <span className="grow">{time.readOnly}</span>
      <Button onClick={() => void navigate({ to: '.', search: (now) => ({ ...now, as_of: undefined }) })}>
        {time.back}
      </Button>
    </div>
  )
}
