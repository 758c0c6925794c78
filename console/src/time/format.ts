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

/** Making a format costs a hundred times what using it does. */
const formats = new Map<string, Intl.DateTimeFormat>()

const LOCALES = { en: 'en-GB', zh: 'zh-CN' } as const
type Language = keyof typeof LOCALES

function format(at: Date, language: Language, options: Intl.DateTimeFormatOptions): string {
  const key = `${language} ${Object.values(options).join(' ')}`
  const known = formats.get(key) ?? new Intl.DateTimeFormat(LOCALES[language], options)
  formats.set(key, known)
  return known.format(at)
}

const TIME = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const

/** A moment as a clock shows it here, with its date unless that is today's. */
export function clock(at: Date, now: Date, language: Language): string {
  const isToday = at.getDate() === now.getDate() && at.getMonth() === now.getMonth() && at.getFullYear() === now.getFullYear()
  return format(at, language, isToday ? TIME : { month: 'short', day: 'numeric', ...TIME })
}

/** The time of day that a clock shows here, which both languages write alike. */
export const timeOfDay = (at: Date): string => format(at, 'en', TIME)

/** A moment in full. */
export function fullTime(at: Date, language: Language): string {
  return format(at, language, { dateStyle: 'medium', timeStyle: 'long' })
}

/** A moment as an input of type `datetime-local` with seconds takes it. */
export function localInput(at: Date): string {
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * MINUTE)
  return shifted.toISOString().slice(0, 19)
}
