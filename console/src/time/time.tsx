import { useSyncExternalStore } from 'react'
import { useText } from '../i18n/use-text'
import { usePreferences } from '../shell/preferences'
import { ago, clock, fullTime } from './format'

let current = Date.now()
const listeners = new Set<() => void>()
let timer = 0

function subscribe(listener: () => void) {
  listeners.add(listener)
  timer ||= window.setInterval(() => {
    current = Date.now()
    for (const each of listeners) each()
  }, 1_000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = 0
  }
}

/** The time by the browser's clock, moving on each second. */
export const useNow = () => useSyncExternalStore(subscribe, () => current)

/** What is said of the time, such as `3 min ago`; drawn anew when something else is to be said. */
export const useSaid = (say: (now: number) => string) => useSyncExternalStore(subscribe, () => say(current))

/** How long ago a moment was, with the moment in full when one points at it. */
export function Ago({ at }: { at: string }) {
  const { time } = useText()
  const { language } = usePreferences()
  const moment = Date.parse(at)
  const said = useSaid((now) => ago(now - moment, time))
  return (
    <time dateTime={at} title={fullTime(new Date(moment), language)} className="num">
      {said}
    </time>
  )
}

/** A moment as a clock shows it. */
export function Clock({ at }: { at: string }) {
  const { language } = usePreferences()
  const moment = new Date(at)
  const said = useSaid((now) => clock(moment, new Date(now), language))
  return (
    <time dateTime={at} title={fullTime(moment, language)} className="num">
      {said}
    </time>
  )
}
