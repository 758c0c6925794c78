import type { Dictionary } from '../i18n/en'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A length of time in its largest unit, such as `3 min`. */
export function duration(ms: number, text: Dictionary['time']): string {
  if (ms < MINUTE) return text.seconds(Math.max(0, Math.floor(ms / SECOND)))
  if (ms < HOUR) return text.minutes(Math.floor(ms / MINUTE))
  if (ms < 2 * DAY) return text.hours(Math.floor(ms / HOUR))
  return text.days(Math.floor(ms / DAY))
}

/** How long ago something was. */
export function ago(ms: number, text: Dictionary['time']): string {
  return ms < SECOND ? text.justNow : text.ago(duration(ms, text))
}

/** A moment as a clock shows it here, with its date unless that is today's. */
export function clock(at: Date, now: Date, language: string): string {
  const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false } as const
  if (at.toDateString() === now.toDateString()) return at.toLocaleTimeString(language, time)
  return at.toLocaleString(language, { month: 'short', day: 'numeric', ...time })
}

/** A moment in full. */
export function fullTime(at: Date, language: string): string {
  return at.toLocaleString(language, { dateStyle: 'medium', timeStyle: 'long' })
}

/** A moment as an input of type `datetime-local` with seconds takes it. */
export function localInput(at: Date): string {
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * MINUTE)
  return shifted.toISOString().slice(0, 19)
}
