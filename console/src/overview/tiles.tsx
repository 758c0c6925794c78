import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api, must } from '../api/client'
import { number } from '../i18n/number'
import { useText } from '../i18n/use-text'
import { useScope } from '../shell/scope'
import { Sparkline } from '../ui/sparkline'
import { type Counts, countsHistory } from './counts'

const HOUR_MS = 3_600_000
const STEPS = 120
const REFRESH_MS = 15_000

/** The counts of the last hour, as far back as the control plane is up. */
function useHistory(): (Counts | null)[] {
  const { namespace } = useScope()
  const { data } = useQuery({
    queryKey: ['history', namespace ?? null],
    queryFn: async ({ signal }) => {
      const { samples } = await must(api.GET('/api/v1/trends', { params: { query: { namespace } }, signal }))
      const read = samples.map((one) => ({
        at: Date.parse(one.at),
        services: one.service_count,
        instances: one.instance_count,
        unhealthy: one.unhealthy_instance_count,
        isolated: one.isolated_instance_count,
      }))
      // By the clock of the server, whose newest sample is of now.
      const to = read.at(-1)?.at ?? Date.now()
      return countsHistory(read, { from: to - HOUR_MS, to, steps: STEPS })
    },
    refetchInterval: REFRESH_MS,
  })
  return data ?? []
}

const TILES = [
  ['services', 'accent', undefined],
  ['instances', 'good', undefined],
  ['unhealthy', 'bad', 'health:unhealthy'],
  ['isolated', 'warn', 'isolated:true'],
] as const

/** What there is, now and over the last hour; each number leads to what it counts. */
export function Tiles({ counts }: { counts: Counts }) {
  const { overview: text } = useText()
  const history = useHistory()
  return (
    <ul className="tiles">
      {TILES.map(([count, color, q]) => (
        <li key={count} className="tile">
          <Link to="/services" search={{ q }} className="tile-link">
            <span className="tile-label">{text[count]}</span>
            <span className={`tile-number num ${q && counts[count] > 0 ? `text-${color}` : ''}`}>
              {number(counts[count])}
            </span>
          </Link>
          <Sparkline label={text.history(text[count])} values={history.map((one) => one?.[count] ?? null)} color={color} height={28} />
          <span className="tile-scale muted" title={text.history(text[count])} aria-hidden="true">
            {text.lastHour}
          </span>
        </li>
      ))}
    </ul>
  )
}
