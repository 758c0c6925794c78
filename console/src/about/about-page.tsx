import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, must } from '../api/client'
import { useText } from '../i18n/use-text'
import { duration } from '../time/format'
import { Ago, useNow } from '../time/time'
import { Copy } from '../ui/copy'
import { Page, Panel } from '../ui/page'
import { Failed, Loading } from '../ui/states'
import { Charts } from './charts'
import { bytes, milliseconds } from './format'
import { parseMetrics, type Reading, readingOf } from './metrics'
import { Routes } from './routes-table'

const REFRESH_MS = 2_000
const READINGS = 150

/** The readings since the page was opened, the newest last. */
const readingsQuery = queryOptions({
  queryKey: ['metrics'],
  queryFn: async ({ client, queryKey, signal }): Promise<Reading[]> => {
    const text = await must(api.GET('/metrics', { parseAs: 'text', signal }))
    const before = client.getQueryData<Reading[]>(queryKey) ?? []
    return [...before, readingOf(parseMetrics(text), Date.now())].slice(-READINGS)
  },
  refetchInterval: REFRESH_MS,
  gcTime: 0,
  staleTime: 0,
})

export function AboutPage() {
  const { about: text } = useText()
  const about = useQuery({
    queryKey: ['about'],
    queryFn: ({ signal }) => must(api.GET('/api/v1/about', { signal })),
    refetchInterval: REFRESH_MS,
  })
  const ready = useQuery({
    queryKey: ['ready'],
    queryFn: ({ signal }) => must(api.GET('/readyz', { signal })),
    refetchInterval: REFRESH_MS,
    retry: false,
  })
  const { data: readings = [], error, refetch } = useQuery(readingsQuery)
  const now = useNow()
  const { time } = useText()
  const is = about.data
  const failed = (about.error && !is ? about.error : undefined) ?? (error && readings.length === 0 ? error : undefined)
  const latest = readings.at(-1)
  return (
    <Page title={text.title}>
      {failed && <Failed error={failed} retry={() => void refetch()} />}
      {!is && !failed && <Loading rows={3} />}
      {is && (
        <dl className="facts facts-tall">
          <Fact label={text.readiness}>
            {ready.isPending ? (
              <span className="muted">{text.asking}</span>
            ) : (
              <span className={ready.isError ? 'badge badge-unhealthy' : 'badge badge-healthy'}>
                <span className="dot" aria-hidden="true" />
                {ready.isError ? text.notReady : text.ready}
              </span>
            )}
          </Fact>
          <Fact label={text.version}>{is.version}</Fact>
          <Fact label={text.revision}>{is.revision}</Fact>
          <Fact label={text.started}>
            <Ago at={is.started_at} />
          </Fact>
          <Fact label={text.uptime}>{duration(now - Date.parse(is.started_at), time)}</Fact>
          {is.memory_bytes !== undefined && <Fact label={text.memory}>{bytes(is.memory_bytes)}</Fact>}
          {is.database && (
            <Fact label={text.database}>{text.fileAndLog(bytes(is.database.file_bytes), bytes(is.database.log_bytes))}</Fact>
          )}
          <Fact label={text.streams}>{text.streamsOf(is.streams.sync, is.streams.keep_alive)}</Fact>
          <Fact label={text.pushLatency}>
            {is.push_latency.p50_seconds === undefined || is.push_latency.p99_seconds === undefined
              ? text.noPush
              : text.pushOf(milliseconds(is.push_latency.p50_seconds), milliseconds(is.push_latency.p99_seconds))}
          </Fact>
          <Fact label={text.address}>
            <span className="row">
              <code>{location.origin}</code> <Copy text={location.origin} />
            </span>
          </Fact>
          <Fact label={text.epoch}>
            <span className="row">
              <code className="clip">{is.epoch}</code> <Copy text={is.epoch} />
            </span>
          </Fact>
        </dl>
      )}
      {latest && (
        <div className="stack">
          <Charts readings={readings} />
          <Panel
            title={text.routes}
            actions={
              <span className="row">
                <a href="/openapi.json">{text.api}</a>
                <a href="/metrics">{text.metrics}</a>
              </span>
            }
          >
            <Routes routes={latest.routes} />
          </Panel>
        </div>
      )}
    </Page>
  )
}

function Fact({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="num">{children}</dd>
    </div>
  )
}
