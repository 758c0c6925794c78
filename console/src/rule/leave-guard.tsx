import { useBlocker } from '@tanstack/react-router'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'

type Part = 'as_of' | 'ns'

const partOf = ({ search }: { search: { [part in Part]?: string } }, part: Part) => search[part]

interface Props {
  isDirty: boolean
  /** The parts of the address that, beside its path, what is not published belongs to. */
  parts?: readonly Part[]
}

/** Asks before one leaves a page on which something was changed and not published. */
export function LeaveGuard({ isDirty, parts = ['as_of'] }: Props) {
  const { rules: text } = useText()
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: ({ current, next }) =>
      isDirty && (current.pathname !== next.pathname || parts.some((part) => partOf(current, part) !== partOf(next, part))),
    enableBeforeUnload: isDirty,
    withResolver: true,
  })
  if (status !== 'blocked') return null
  return (
    <Dialog title={text.leaveTitle} onClose={reset}>
      <p>{text.leaveHint}</p>
      <div className="form-foot">
        <Button onClick={proceed} kind="danger">
          {text.leave}
        </Button>
        <Button kind="primary" onClick={reset}>
          {text.stay}
        </Button>
      </div>
    </Dialog>
  )
}
