const formats = new Map<string, Intl.NumberFormat>()

/**
 * A number as a person reads it, with its thousands apart; with three digits after the point at most, or as asked.
 *
 * Both languages of the console write numbers alike, whatever the browser's own writes.
 */
export function number(value: number, digits: Pick<Intl.NumberFormatOptions, 'maximumFractionDigits' | 'maximumSignificantDigits'> = {}): string {
  const key = `${digits.maximumFractionDigits} ${digits.maximumSignificantDigits}`
  const known = formats.get(key) ?? new Intl.NumberFormat('en', digits)
  formats.set(key, known)
  return known.format(value)
}
