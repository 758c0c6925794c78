import { useId, useState } from 'react'
import { useText } from '../i18n/use-text'
import { useFault } from '../rule/faults'
import { Button } from '../ui/button'
import { WHOLE } from './weights'

interface Props {
  at: string
  label: string
  share: number
  /** There is nobody to share with. */
  isAlone: boolean
  isLocked: boolean
  onShare: (share: number) => void
  onLock: () => void
}

/** A share of calls, as a slider and as a number; the others give way unless they are locked. */
export function ShareField({ at, label, share, isAlone, isLocked, onShare, onLock }: Props) {
  const { routing: text } = useText()
  const id = useId()
  const fault = useFault(at)
  const [typed, setTyped] = useState<string | null>(null)
  if (isAlone && share === WHOLE) return <p className="small muted">{text.allOfIt}</p>
  const lockText = isLocked ? text.unlock : text.lock
  function type(next: string) {
    setTyped(next)
    if (/^\d+$/.test(next)) onShare(Number(next))
  }
  return (
    <div className="field">
      <div className="share">
        <input
          type="range"
          aria-label={label}
          min={0}
          max={WHOLE}
          value={share}
          disabled={isLocked}
          data-at={at}
          aria-describedby={fault ? id : undefined}
          onChange={(event) => onShare(Number(event.target.value))}
        />
        <span className="row share-number">
          <input
            className="input num"
            inputMode="numeric"
            aria-label={text.percentOf(label)}
            value={typed ?? String(share)}
            disabled={isLocked}
            onChange={(event) => type(event.target.value)}
            onBlur={() => setTyped(null)}
          />
          <span aria-hidden="true">%</span>
        </span>
        <Button
          kind="ghost"
          icon={isLocked ? 'lock' : 'unlock'}
          aria-label={text.lockOf(label)}
          title={lockText}
          aria-pressed={isLocked}
          onClick={onLock}
        />
      </div>
      {fault && (
        <p id={id} className="field-fault">
          {fault}
        </p>
      )}
    </div>
  )
}
