const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

const decimal = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => [1, 2, 5].map((step) => step * 10 ** (from + index))).flat()

/** The steps of a scale of counts, from 1 on; of seconds, from 1 ms on; of bytes, from 1 KiB on. */
export const STEPS = decimal(0, 12)
export const TIME_STEPS = decimal(-3, 3)
export const BYTE_STEPS = Array.from({ length: 40 }, (_, index) => 1024 * 2 ** index)

/** A number with one digit after the point at most. */
export const number = (value: number) => value.toLocaleString(undefined, { maximumFractionDigits: 1 })

/** Bytes in the largest unit of which there is a whole one. */
export function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10))
  return `${number(value / 1024 ** power)} ${UNITS[power]}`
}

/** Seconds as milliseconds; short ones with more digits. */
export function milliseconds(seconds: number): string {
  const value = seconds * 1_000
  return `${value.toLocaleString(undefined, { maximumSignificantDigits: 3 })} ms`
}
