import { useText } from '../i18n/use-text'
import { useFeedState } from '../live/use-live'
import { useScope } from './scope'

/** Whether the page moves with the control plane. */
export function LiveIndicator() {
  const { live } = useText()
  const state = useFeedState()
  const { asOf } = useScope()
  const is = asOf === undefined ? state.is : 'past'
  const word = { connecting: live.connecting, live: live.live, paused: live.paused, lost: live.reconnecting, past: live.past }
  return (
    <span className={`live live-${is}`} role="status" title={is === 'live' ? live.explainLive : undefined}>
      <span className="dot" aria-hidden="true" />
      <span className={is === 'live' ? 'wide-only' : undefined}>{word[is]}</span>
    </span>
  )
}
