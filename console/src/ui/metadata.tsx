const SHOWN = 3

/** Entries of metadata as small labels, the first ones and how many more; all are in the title. */
export function MetadataChips({ metadata }: { metadata: Record<string, string> }) {
  const entries = Object.entries(metadata).map(([key, value]) => `${key}=${value}`)
  if (entries.length === 0) return null
  return (
    <span className="chips" title={entries.join('\n')}>
      {entries.slice(0, SHOWN).map((entry) => (
        <span key={entry} className="chip">
          {entry}
        </span>
      ))}
      {entries.length > SHOWN && <span className="chip chip-more num">{`+${entries.length - SHOWN}`}</span>}
    </span>
  )
}
