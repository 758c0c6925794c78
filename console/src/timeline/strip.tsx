import type { Change } from '../api/client'
import { summarize } from '../changes/summary'
import { useText } from '../i18n/use-text'
import { duration } from '../time/format'
import { Clock } from '../time/time'
import type { Stretch } from './history'

interface Props {
  rows: { id: string; name: string; stretches: Stretch[] }[]
  marks: Change[]
  from: number
  to: number
}

/** A line for each instance, coloured by its state, over one axis of time. */
export function Strip({ rows, marks, from, to }: Props) {
  const text = useText()
  const place = (at: number) => `${((100 * (at - from)) / (to - from)).toFixed(3)}%`
  const words = { ...text.health, absent: text.timeline.absent, unknown: text.timeline.unknown }
  const tell = ({ state, from: since, to: until }: Stretch) => `${words[state]} ${duration(until - since, text.time)}`
  return (
    <div className="strip">
      {rows.map((row) => (
        <div key={row.id} className="strip-row">
          <span className="strip-name mono clip">{row.name}</span>
          <span className="strip-line" role="img" aria-label={text.timeline.state(row.name, row.stretches.map(tell).join(', '))}>
            {row.stretches.map((one) => (
              <span
                key={one.from}
                title={tell(one)}
                className={`strip-part strip-${one.state}`}
                style={{ left: place(one.from), width: `calc(${place(from + one.to - one.from)} - 1px)` }}
              />
            ))}
          </span>
        </div>
      ))}
      <div className="strip-row" aria-hidden="true">
        <span className="strip-name" />
        <span className="strip-marks">
          {marks.map((change) => (
            <span
              key={change.revision}
              className="strip-mark"
              title={summarize(change, text)}
              style={{ left: place(Date.parse(change.at)) }}
            />
          ))}
        </span>
      </div>
      <div className="strip-row muted small">
        <span className="strip-name" />
        <span className="strip-axis">
          {[0, 1, 2, 3, 4].map((quarter) => (
            <Clock key={quarter} at={new Date(from + ((to - from) * quarter) / 4).toISOString()} />
          ))}
        </span>
      </div>
    </div>
  )
}
