import { useSyncExternalStore } from 'react'
import { useText } from '../i18n/use-text'
import { usePreferences } from '../shell/preferences'
import { ago, clock, fullTime } from './format'

let now = Date.now()
const listeners = new Set<() => void>()
let timer = 0

function subscribe(listener: () => void) {
  listeners.add(listener)
  timer ||= window.setInterval(() => {
    now = Date.now()
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
export const useNow = () => useSyncExternalStore(subscribe, () => now)

const languageOf = (language: 'en' | 'zh') => (language === 'zh' ? 'zh-CN' : 'en-GB')

/** How long ago a moment was, with the moment in full when one points at it. */
export function Ago({ at }: { at: string }) {
  const { time } = useText()
  const language = languageOf(usePreferences().language)
  const moment = new Date(at)
  return (
    <time dateTime={at} title={fullTime(moment, language)} className="num">
      {ago(useNow() - moment.getTime(), time)}
    </time>
  )
}

/** A moment as a clock shows it. */
export function Clock({ at }: { at: string }) {
  const language = languageOf(usePreferences().language)
  const moment = new Date(at)
  return (
    <time dateTime={at} title={fullTime(moment, language)} className="num">
      {clock(moment, new Date(useNow()), language)}
    </time>
  )
}
