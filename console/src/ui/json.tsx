import { useMemo } from 'react'
import { diffLines } from './diff'

/** The difference of two JSON values, line by line. */
export function JsonDiff({ before, after, label }: { before: unknown; after: unknown; label: string }) {
  const lines = useMemo(() => diffLines(before, after), [before, after])
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
    <div className="code" role="region" aria-label={label} tabIndex={0}>
      {lines.map(({ sign, text }, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- lines have no other name
        <div key={index} className={{ '+': 'code-line line-added', '-': 'code-line line-removed', ' ': 'code-line' }[sign]}>
          <span className="code-sign">{sign}</span>
          {text}
        </div>
      ))}
    </div>
  )
}

/** A JSON value as text. */
export function Json({ value, label }: { value: unknown; label: string }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
    <div className="code" role="region" aria-label={label} tabIndex={0}>
      <pre>{JSON.stringify(value, null, 2)}</pre>
    </div>
  )
}
