import { useText } from '../i18n/use-text'
import type { LimitAnswer } from './typed'

const KINDS = ['rejected', 'queued', 'admitted'] as const

/** The calls by when they come: small bars, and the same as text. */
export function Timeline({ sequence }: { sequence: LimitAnswer['sequence'] }) {
  const { limitSimulator: words } = useText()
  const { timeline } = sequence
  const most = Math.max(1, ...timeline.map((one) => one.admitted + one.queued + one.rejected))
  return (
    <section className="stack" aria-label={words.timeline}>
      <h3>{words.timeline}</h3>
      <div className="call-bars" role="img" aria-label={words.summary(sequence)}>
        {timeline.map((slice) => (
          <span key={slice.from_ms} title={words.slice(slice)}>
            {KINDS.map((kind) => (
              <i key={kind} className={`call-${kind}`} style={{ height: `${(100 * slice[kind]) / most}%` }} />
            ))}
          </span>
        ))}
      </div>
      <details className="fold">
        <summary>{words.asText}</summary>
        <ul className="small num">
          {timeline.map((slice) => (
            <li key={slice.from_ms}>{words.slice(slice)}</li>
          ))}
        </ul>
      </details>
    </section>
  )
}
