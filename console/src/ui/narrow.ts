import { useSyncExternalStore } from 'react'

/** As in the style sheets: below this, a page has one column. */
const narrow = matchMedia('(max-width: 760px)')

function subscribe(listener: () => void) {
  narrow.addEventListener('change', listener)
  return () => narrow.removeEventListener('change', listener)
}

/** Whether the window has room for one column alone. */
export const useNarrow = () => useSyncExternalStore(subscribe, () => narrow.matches)
