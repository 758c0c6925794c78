import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'
import { type Explanation, hasSuspects, type Share, storyOf } from './explanation'
import { percent, reasonOf } from './reason'

interface Props {
  told: Explanation
  shares: Share[]
  drawAgain: () => void
}

const LOOKS = { routed: 'good', rejected: 'bad', no_instance: 'warn' } as const

/** Where the call goes, and why, at a glance. */
export function Verdict({ told, shares, drawAgain }: Props) {
  const { simulator: text } = useText()
  const picked = shares.find(({ id }) => id === told.picked)
  const isDrawn = shares.length > 1
  return (
    <div className={`verdict verdict-${LOOKS[told.verdict]}`}>
      <div role="status" className="stack verdict-said">
        <p className="verdict-head">
          <Icon name={told.verdict === 'routed' ? 'right' : told.verdict === 'rejected' ? 'close' : 'warning'} size={18} />
          <strong className={picked && 'sr-only'}>{text.verdicts[told.verdict]}</strong>
          {picked && <strong className="mono verdict-to">{picked.address}</strong>}
          {picked?.version && <span className="chip">{picked.version}</span>}
          {picked?.zone && <span className="chip">{picked.zone}</span>}
        </p>
        <p>{reasonOf(told, text)}</p>
        {picked && hasSuspects(storyOf(told)) && <p className="text-warn">{text.protected}</p>}
        {picked && <p className="muted">{isDrawn ? text.oneOf(percent(picked.expected), shares.length) : text.always}</p>}
      </div>
      {isDrawn && (
        <Button kind="ghost" onClick={drawAgain}>
          {text.drawAgain}
        </Button>
      )}
    </div>
  )
}
