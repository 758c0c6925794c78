import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'
import type { Check } from './explanation'
import { fitting, operatorText } from './reason'

interface Props {
  checks: Check[]
  /** Sets a fact of the call, if it can be set here. */
  set?: ((fact: string, value: string) => void) | undefined
}

/** Conditions: what each wants, what the call has, and whether it holds. */
export function Checks({ checks, set }: Props) {
  const { simulator: text } = useText()
  if (checks.length === 0) return null
  return (
    <ul className="conditions-told">
      {checks.map((check) => {
        const { fact, op, want, got, holds } = check
        const value = holds ? undefined : fitting(check)
        return (
          <li key={`${fact} ${op} ${want.join()}`} className={holds ? 'condition-told told-holds' : 'condition-told told-fails'}>
            <Icon name={holds ? 'check' : 'close'} size={13} />
            <span className="sr-only">{holds ? text.holds : text.fails}</span>
            <code>{fact}</code>
            <span className="muted">{operatorText(op, text)}</span>
            {want.length > 0 && <Wanted want={op === 'same_as' ? want.map(otherFact) : want} />}
            <span className="told-got">
              <span className="muted">{text.got}</span> {got === null ? <em className="muted">{text.nothing}</em> : <code>{got === '' ? '""' : got}</code>}
            </span>
            {set && value !== undefined && (
              <Button kind="ghost" className="button-small" aria-label={text.tryFact(fact, value)} onClick={() => set(fact, value)}>
                {text.tryValue(value)}
              </Button>
            )}
          </li>
        )
      })}
    </ul>
  )
}

/** The other fact of a comparison, with its value if the call has it. */
const otherFact = (want: string) => want.replace(/, which the call does not have$/, ' = ∅')

const SHOWN = 6

function Wanted({ want }: { want: string[] }) {
  return (
    <span className="wanted" title={want.join('\n')}>
      {want.slice(0, SHOWN).map((one) => (
        <code key={one}>{one}</code>
      ))}
      {want.length > SHOWN && <span className="muted">{`+${want.length - SHOWN}`}</span>}
    </span>
  )
}
