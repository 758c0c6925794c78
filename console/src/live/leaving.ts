import type { QueryKey } from '@tanstack/react-query'

const leaving = new Set<QueryKey>()

/** Deletes a thing and leaves its page: on the way, nothing of it is read anew, as nothing would be found. */
export async function whileLeaving<T>(thing: QueryKey, act: () => Promise<T>): Promise<T> {
  leaving.add(thing)
  try {
    return await act()
  } finally {
    leaving.delete(thing)
  }
}

/** Whether a query is of a thing whose page is being left. */
export const isLeft = (key: QueryKey) => [...leaving].some((thing) => thing.every((part, index) => key[index] === part))
