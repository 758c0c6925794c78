import { useBlocker } from '@tanstack/react-router'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'

const momentOf = ({ search }: { search: { as_of?: string } }) => search.as_of

/** Asks before one leaves a page on which something was typed and not published. */
export function LeaveGuard({ isDirty }: { isDirty: boolean }) {
  const { rules: text } = useText()
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: ({ current, next }) => isDirty && (current.pathname !== next.pathname || momentOf(current) !== momentOf(next)),
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
