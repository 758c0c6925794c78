import { useEffect, useState } from 'react'
import type { Change } from '../api/client'
import { feed } from '../live/feed'
import type { ChangesQuery } from './queries'

/** A page keeps this many changes of the tail. */
const LIMIT = 2_000

/** Whether a change is one that a query asks for. */
export function isWanted({ kind, namespace, service, rule, actor, since }: ChangesQuery, change: Change): boolean {
  return (
    (kind === undefined || change.kind === kind) &&
    (namespace === undefined || change.namespace === namespace) &&
    (service === undefined || change.service === service) &&
    (rule === undefined || change.rule === rule) &&
    (actor === undefined || change.actor === actor) &&
    (since === undefined || Date.parse(change.at) >= Date.parse(since))
  )
}

export interface Tail {
  /** Newest first. */
  changes: Change[]
  /** How many came when there was no more room. */
  missed: number
}

const EMPTY: Tail = { changes: [], missed: 0 }

/** A tail after fresh changes, newest first; one that is full counts them only, so that it never has a hole. */
export function grown({ changes, missed }: Tail, fresh: Change[]): Tail {
  if (missed > 0 || changes.length + fresh.length > LIMIT) return { changes, missed: missed + fresh.length }
  return { changes: [...fresh, ...changes], missed }
}

/** The changes that a query finds and that came since the page asked for it; `key` begins another tail. */
export function useTail(query: ChangesQuery, key: string, isFollowing: boolean): Tail {
  const asked = JSON.stringify(query)
  const [tail, setTail] = useState({ key, ...EMPTY })
  useEffect(() => {
    if (!isFollowing) return undefined
    const wanted: ChangesQuery = JSON.parse(asked)
    const stop = feed.listen({
      changes(fresh) {
        const found = fresh.filter((change) => isWanted(wanted, change)).toReversed()
        if (found.length > 0) setTail((before) => ({ key, ...grown(before.key === key ? before : EMPTY, found) }))
      },
      reset: () => setTail({ key, ...EMPTY }),
    })
    return () => void stop()
  }, [asked, key, isFollowing])
  return tail.key === key ? tail : EMPTY
}
