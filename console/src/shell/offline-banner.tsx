import { useText } from '../i18n/use-text'
import { feed } from '../live/feed'
import { useFeedState } from '../live/use-live'
import { useNow } from '../time/time'
import { Button } from '../ui/button'

/** Says that the control plane is away, from the second failed attempt on. */
export function OfflineBanner() {
  const { live } = useText()
  const state = useFeedState()
  const now = useNow()
  if (state.is !== 'lost' || state.attempts < 2) return null
  const seconds = Math.max(0, Math.ceil((state.retryAt - now) / 1_000))
  return (
    <div className="banner banner-bad">
      <strong>{live.offlineTitle}</strong>
      <span className="grow">{live.offline(seconds)}</span>
      <Button onClick={() => feed.connect()}>{live.retry}</Button>
    </div>
  )
}
