/** Entries of metadata as small labels; what does not fit is in the title. */
export function MetadataChips({ metadata }: { metadata: Record<string, string> }) {
  const entries = Object.entries(metadata).map(([key, value]) => `${key}=${value}`)
  if (entries.length === 0) return null
  return (
    <span className="chips" title={entries.join('\n')}>
      {entries.map((entry) => (
        <span key={entry} className="chip">
          {entry}
        </span>
      ))}
    </span>
  )
}
