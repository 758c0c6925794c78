import { number } from '../i18n/number'

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

const powers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => [1, 2, 5].map((step) => step * 10 ** (from + index))).flat()

/** The steps of a scale of counts, from 1 on; of seconds, from 1 ms on; of bytes, from 1 KiB on. */
export const STEPS = powers(0, 12)
export const TIME_STEPS = powers(-3, 3)
export const BYTE_STEPS = Array.from({ length: 40 }, (_, index) => 1024 * 2 ** index)

/** A number with one digit after the point at most. */
export const decimal = (value: number) => number(value, { maximumFractionDigits: 1 })

/** Bytes in the largest unit of which there is a whole one. */
export function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10))
  return `${decimal(value / 1024 ** power)} ${UNITS[power]}`
}

/** Seconds as milliseconds; short ones with more digits. */
export function milliseconds(seconds: number): string {
  return `${number(seconds * 1_000, { maximumSignificantDigits: 3 })} ms`
}
