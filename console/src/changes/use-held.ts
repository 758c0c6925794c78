import { useState } from 'react'
import type { Change } from '../api/client'

interface Held {
  shown: Change[]
  /** How many came meanwhile. */
  waiting: number
  /** Shows those that came. */
  release: () => void
}

/** Changes that stay where they are while somebody reads them; older ones still come after them. */
export function useHeld(changes: Change[], isRead: boolean): Held {
  const [held, setHeld] = useState<Change[] | null>(null)
  if (isRead && !held) setHeld(changes)
  if (!isRead && held) setHeld(null)
  const release = () => setHeld(isRead ? changes : null)
  if (!isRead || !held) return { shown: changes, waiting: 0, release }
  const newest = held[0]?.revision ?? 0
  const oldest = held.at(-1)?.revision ?? 0
  return {
    shown: [...held, ...changes.filter(({ revision }) => revision < oldest)],
    waiting: changes.filter(({ revision }) => revision > newest).length,
    release,
  }
}
