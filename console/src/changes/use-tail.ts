import { useEffect, useState } from 'react'
import type { Change } from '../api/client'
import { feed } from '../live/feed'
import type { ChangesQuery } from './queries'

/** A page keeps this many changes of the tail. */
const LIMIT = 5_000

/** Whether a change is one that a query asks for. */
export function isWanted({ kind, namespace, service, actor }: ChangesQuery, change: Change): boolean {
  return (
    (kind === undefined || change.kind === kind) &&
    (namespace === undefined || change.namespace === namespace) &&
    (service === undefined || change.service === service) &&
    (actor === undefined || change.actor === actor)
  )
}

/** The changes that a query finds and that came since the page asked for it, newest first. */
export function useTail(query: ChangesQuery, isFollowing: boolean): Change[] {
  const key = JSON.stringify(query)
  const [tail, setTail] = useState<{ key: string; changes: Change[] }>({ key, changes: [] })
  useEffect(() => {
    if (!isFollowing) return undefined
    const wanted: ChangesQuery = JSON.parse(key)
    const stop = feed.listen({
      changes(fresh) {
        const found = fresh.filter((change) => isWanted(wanted, change)).toReversed()
        if (found.length === 0) return
        setTail((before) => ({ key, changes: [...found, ...(before.key === key ? before.changes : [])].slice(0, LIMIT) }))
      },
      reset: () => setTail({ key, changes: [] }),
    })
    return () => void stop()
  }, [key, isFollowing])
  return tail.key === key ? tail.changes : []
}
