/** A merge patch (RFC 7396) that leads from one metadata to another: `null` removes an entry. */
export function metadataPatch(from: Record<string, string>, to: Record<string, string>): Record<string, string | null> {
  const changed = Object.entries(to).filter(([key, value]) => !Object.hasOwn(from, key) || from[key] !== value)
  const removed = Object.keys(from).filter((key) => !Object.hasOwn(to, key))
  return { ...Object.fromEntries(changed), ...Object.fromEntries(removed.map((key) => [key, null])) }
}
