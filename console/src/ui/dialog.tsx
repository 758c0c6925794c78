import { type ReactNode, useId, useLayoutEffect, useRef } from 'react'
import { useText } from '../i18n/use-text'
import { Button } from './button'

interface Props {
  title: string
  children: ReactNode
  onClose: () => void
  wide?: boolean
  /** What was asked for in it is under way: it cannot be left before its end is known. */
  isBusy?: boolean
}

/** A modal dialog: the browser keeps the focus inside, and gives it back at the end. */
export function Dialog({ title, children, onClose, wide = false, isBusy = false }: Props) {
  const ref = useRef<HTMLDialogElement>(null)
  const heading = useId()
  const { actions } = useText()
  // Closed while it is still in the page: only then does the browser know where the focus came from.
  useLayoutEffect(() => {
    const dialog = ref.current
    dialog?.showModal()
    dialog?.querySelector<HTMLElement>('.dialog-body :is(input, select, textarea)')?.focus()
    return () => dialog?.close()
  }, [])
  return (
    <dialog
      ref={ref}
      className={wide ? 'dialog dialog-wide' : 'dialog'}
      aria-labelledby={heading}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return
        // Else the browser itself would close the dialog at a second Escape, whatever is said to the first.
        event.preventDefault()
        if (!isBusy) onClose()
      }}
      onCancel={(event) => {
        event.preventDefault()
        if (!isBusy) onClose()
      }}
      // A second Escape is not asked about.
      onClose={() => isBusy && ref.current?.showModal()}
    >
      <div className="dialog-head">
        <h2 id={heading}>{title}</h2>
        <Button kind="ghost" icon="close" aria-label={actions.close} disabled={isBusy} onClick={onClose} />
      </div>
      <div className="dialog-body">{children}</div>
    </dialog>
  )
}
