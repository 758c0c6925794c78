import { type QueryKey, useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import type { Change } from '../api/client'
import { type FeedState, feed } from './feed'
import { isLeft } from './leaving'
import { touchedBy } from './touched'

/** Shows at most one new state of a page a second, however fast changes come. */
const REFRESH_MS = 1_000

export function useFeedState(): FeedState {
  return useSyncExternalStore(
    (listener) => feed.onState(listener),
    () => feed.state,
  )
}

/** Keeps what the page shows fresh: reads anew what the changes of the log touch. */
export function useLiveQueries() {
  const client = useQueryClient()
  useEffect(() => {
    let waiting: Change[] = []
    let timer = 0
    let refreshedAt = 0
    function refresh() {
      timer = 0
      refreshedAt = performance.now()
      const isTouched = touchedBy(waiting)
      const of = { predicate: ({ queryKey }: { queryKey: QueryKey }) => isTouched(queryKey) && !isLeft(queryKey) }
      // What is being read may be from before these changes: it is read once more.
      if (client.isFetching(of) > 0) timer = window.setTimeout(refresh, REFRESH_MS)
      else waiting = []
      void client.invalidateQueries(of, { cancelRefetch: false })
    }
    const stop = feed.listen({
      changes(changes) {
        waiting.push(...changes)
        const wait = Math.max(0, refreshedAt + REFRESH_MS - performance.now())
        timer ||= window.setTimeout(refresh, wait)
      },
      reset: () => void client.invalidateQueries(),
    })
    const follow = () => (document.hidden ? feed.pause() : feed.connect())
    follow()
    document.addEventListener('visibilitychange', follow)
    return () => {
      stop()
      clearTimeout(timer)
      feed.pause()
      document.removeEventListener('visibilitychange', follow)
    }
  }, [client])
}
