import { useBlocker } from '@tanstack/react-router'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useText } from '../i18n/use-text'
import { Button } from './button'
import { Dialog } from './dialog'

interface Props {
  title: string
  wide?: boolean
  /** Something was typed that is nowhere else. */
  isDirty: boolean
  isBusy: boolean
  /** What sends it says. */
  submit: string
  /** Grows with each refusal: the first field that is at fault gets the focus; 0 before. */
  refusal: number
  onSubmit: () => void
  onClose: () => void
  children: ReactNode
}

/** A form in a dialog; what was typed in it is not lost without a question, whichever way one leaves. */
export function FormDialog({ title, wide = false, isDirty, isBusy, submit, refusal, onSubmit, onClose, children }: Props) {
  const { actions, forms: text } = useText()
  const [isLeaving, setLeaving] = useState(false)
  const fields = useRef<HTMLFormElement>(null)
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => isDirty && current.pathname !== next.pathname,
    enableBeforeUnload: isDirty,
    withResolver: true,
  })
  useEffect(() => {
    if (refusal === 0) return
    const faulty = fields.current?.querySelector<HTMLElement>('[aria-invalid], [data-missing]')
    if (faulty) faulty.focus()
    else fields.current?.querySelector('[role=alert]')?.scrollIntoView({ block: 'center' })
  }, [refusal])
  const close = () => (isDirty ? setLeaving(true) : onClose())
  const stay = () => {
    setLeaving(false)
    blocker.reset?.()
  }
  const leave = blocker.status === 'blocked' ? blocker.proceed : onClose
  return (
    <>
      <Dialog wide={wide} title={title} isBusy={isBusy} onClose={close}>
        <form
          ref={fields}
          className="stack"
          noValidate
          onSubmit={(event) => {
            event.preventDefault()
            if (!isBusy) onSubmit()
          }}
        >
          {children}
          <div className="form-foot">
            <Button disabled={isBusy} onClick={close}>
              {actions.cancel}
            </Button>
            <Button kind="primary" type="submit" disabled={isBusy}>
              {submit}
            </Button>
          </div>
        </form>
      </Dialog>
      {(isLeaving || blocker.status === 'blocked') && (
        <Dialog title={text.leaveTitle} onClose={stay}>
          <p>{text.leaveHint}</p>
          <div className="form-foot">
            <Button kind="danger" onClick={leave}>
              {text.discard}
            </Button>
            <Button kind="primary" onClick={stay}>
              {text.keep}
            </Button>
          </div>
        </Dialog>
      )}
    </>
  )
}
