import { useSyncExternalStore } from 'react'
import { useText } from '../i18n/use-text'
import { Button } from './button'

interface Toast {
  id: number
  message: string
  isError: boolean
  undo?: () => void
}

const LINGER_MS = 10_000
const listeners = new Set<() => void>()
let toasts: Toast[] = []
let count = 0

function become(next: Toast[]) {
  toasts = next
  for (const listener of listeners) listener()
}

function dismiss(id: number) {
  become(toasts.filter((one) => one.id !== id))
}

/** Shows a message for ten seconds, with a way back if there is one. */
export function toast(message: string, undo?: () => void) {
  count += 1
  const id = count
  become([...toasts.slice(-3), { id, message, isError: false, ...(undo ? { undo } : {}) }])
  setTimeout(() => dismiss(id), LINGER_MS)
}

/** Shows what went wrong until it is dismissed. */
export function toastError(message: string) {
  count += 1
  become([...toasts.slice(-3), { id: count, message, isError: true }])
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts)
  const { actions, toasts: text } = useText()
  return (
    <section className="toasts" aria-label={text.label} aria-live="polite">
      {shown.map(({ id, message, isError, undo }) => (
        <div key={id} className={isError ? 'toast toast-error' : 'toast'} role={isError ? 'alert' : undefined}>
          <span className="grow">{message}</span>
          {undo && (
            <Button
              kind="ghost"
              onClick={() => {
                dismiss(id)
                undo()
              }}
            >
              {actions.undo}
            </Button>
          )}
          <Button kind="ghost" icon="close" aria-label={actions.dismiss} onClick={() => dismiss(id)} />
        </div>
      ))}
    </section>
  )
}
