import { type ReactNode, useState } from 'react'
import { Problem } from '../api/problem'
import { useTold } from '../i18n/use-told'
import { useText } from '../i18n/use-text'
import { useFeedState } from '../live/use-live'
import { Button } from './button'
import { Copy } from './copy'
import { Icon } from './icon'

/** Rows that stand where a table will. */
export function Loading({ rows = 6 }: { rows?: number }) {
  const { states } = useText()
  return (
    <div className="loading" role="status">
      <span className="sr-only">{states.loading}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="loading-row" />
      ))}
    </div>
  )
}

interface EmptyProps {
  title: string
  hint?: string
  children?: ReactNode
}

export function Empty({ title, hint, children }: EmptyProps) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {hint && <p className="muted">{hint}</p>}
      {children}
    </div>
  )
}

/** What a page shows instead of what it could not read. */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const { states } = useText()
  const told = useTold()
  const problem = error instanceof Problem ? error : undefined
  const isOffline = problem?.isOffline === true
  const id = problem?.body.request_id
  const title = { 404: states.absent, 410: states.gone }[problem?.status ?? 0]
  return (
    <div className="empty" role="alert">
      <Icon name="warning" size={20} />
      <p className="empty-title">{isOffline ? states.offline : (title ?? states.failed)}</p>
      <p className="muted">{isOffline ? states.offlineHint : told(error)}</p>
      {id && (
        <p className="row small muted">
          {states.requestId} <code>{id}</code> <Copy text={id} />
        </p>
      )}
      {retry && <Button onClick={retry}>{states.retry}</Button>}
    </div>
  )
}

/** One sentence of what went wrong, for a form. */
export function Fault({ children }: { children: ReactNode }) {
  return (
    <p className="fault" role="alert">
      <Icon name="warning" size={14} /> <span>{children}</span>
    </p>
  )
}

/** Why something was not done, for a form; that nothing answered is said until something answers again. */
export function Failure({ error }: { error: unknown }) {
  const told = useTold()
  const { is } = useFeedState()
  const [lostIn, setLostIn] = useState<unknown>()
  const isOffline = error instanceof Problem && error.isOffline
  if (isOffline && is === 'lost' && lostIn !== error) setLostIn(error)
  if (isOffline && is === 'live' && lostIn === error) return null
  return <Fault>{told(error)}</Fault>
}
