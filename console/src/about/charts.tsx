import { useText } from '../i18n/use-text'
import { Sparkline } from '../ui/sparkline'
import { latencies, type Reading, rates } from './metrics'

const MEBI = 1024 * 1024

const one = (value: number) => value.toLocaleString(undefined, { maximumFractionDigits: 1 })

/** What the control plane does, over the readings. */
export function Charts({ readings }: { readings: Reading[] }) {
  const { about: text } = useText()
  const charts = [
    { label: text.requestRate, values: rates(readings, ({ requests }) => requests), show: one },
    { label: text.changeRate, values: rates(readings, ({ revision }) => revision), show: one },
    { label: text.latency, values: latencies(readings), show: (value: number) => `${one(value * 1_000)} ms` },
    { label: text.memory, values: readings.flatMap(({ memory }) => memory ?? []), show: (value: number) => `${one(value / MEBI)} MiB` },
    { label: text.instances, values: readings.map(({ instances }) => instances), show: one },
    { label: text.subscriptions, values: readings.map(({ subscriptions }) => subscriptions), show: one },
  ]
  return (
    <ul className="tiles tiles-flat">
      {charts.map(({ label, values, show }) => {
        const latest = values.at(-1)
        const value = latest === undefined ? '–' : show(latest)
        return (
          <li key={label} className="tile">
            <span className="tile-label">{label}</span>
            <span className="tile-number num">{value}</span>
            <Sparkline label={values.length > 1 ? text.reading(label, value) : text.collecting} values={values} height={40} />
          </li>
        )
      })}
    </ul>
  )
}
