import { getRouteApi } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import type { Dictionary } from '../i18n/en'
import { useText } from '../i18n/use-text'
import { timeOfDay } from '../time/format'
import { Button } from '../ui/button'
import { Chart } from '../ui/chart'
import { Panel } from '../ui/page'
import { type Column, Table } from '../ui/table'
import { BYTE_STEPS, bytes, decimal, milliseconds, STEPS, TIME_STEPS } from './format'
import { latencies, pushLatencies, type Reading, rates } from './metrics'

const route = getRouteApi('/about')
const TABLE_ROWS = 30

interface Figure {
  label: string
  /** A value for each reading; none is known of the first, of what is counted between two. */
  lines: (number | null)[][]
  show: (value: number) => string
  steps: number[]
  /** The width of its column in the table. */
  width: string
}

/** Columns for a number, for one under a long name, and for two: together they fit beside the navigation at 1280 px. */
const [SHORT, LONG, PAIR] = ['88px', '122px', '162px'] as const

const between = (values: (number | null)[]) => [null, ...values]

function figuresOf(readings: Reading[], text: Dictionary['about']): Figure[] {
  return [
    { label: text.requestRate, lines: [between(rates(readings, ({ requests }) => requests))], show: decimal, steps: STEPS, width: LONG },
    { label: text.changeRate, lines: [between(rates(readings, ({ revision }) => revision))], show: decimal, steps: STEPS, width: LONG },
    { label: text.latency, lines: [between(latencies(readings))], show: milliseconds, steps: TIME_STEPS, width: LONG },
    {
      label: text.pushChart,
      lines: [between(pushLatencies(readings, 0.5)), between(pushLatencies(readings, 0.99))],
      show: milliseconds,
      steps: TIME_STEPS,
      width: PAIR,
    },
    { label: text.memory, lines: [readings.map(({ memory }) => memory)], show: bytes, steps: BYTE_STEPS, width: SHORT },
    { label: text.database, lines: [readings.map(({ database }) => database)], show: bytes, steps: BYTE_STEPS, width: SHORT },
    { label: text.streams, lines: [readings.map(({ streams }) => streams)], show: decimal, steps: STEPS, width: SHORT },
    { label: text.instances, lines: [readings.map(({ instances }) => instances)], show: decimal, steps: STEPS, width: SHORT },
  ]
}

/** What the control plane does, over the readings, drawn or as a table. */
export function Charts({ readings }: { readings: Reading[] }) {
  const { about: text } = useText()
  const { view } = route.useSearch()
  const navigate = route.useNavigate()
  const figures = useMemo(() => figuresOf(readings, text), [readings, text])
  const isTable = view === 'table'
  const toggle = () => void navigate({ search: (now) => ({ ...now, view: isTable ? undefined : 'table' }), replace: true })
  return (
    <Panel title={text.charts} actions={<Button onClick={toggle}>{isTable ? text.asCharts : text.asTable}</Button>}>
      {isTable ? <Figures figures={figures} readings={readings} /> : <Drawn figures={figures} readings={readings} />}
    </Panel>
  )
}

function Drawn({ figures, readings }: { figures: Figure[]; readings: Reading[] }) {
  const { about: text } = useText()
  const [pointed, setPointed] = useState<number | null>(null)
  const at = useMemo(() => readings.map((reading) => reading.at), [readings])
  return (
    <ul className="tiles tiles-flat tiles-charts">
      {figures.map((figure) => {
        const now = said(figure, readings.length - 1)
        return (
          <li key={figure.label} className="tile">
            <span className="tile-label">{figure.label}</span>
            <span className="tile-number num">{said(figure, pointed ?? readings.length - 1)}</span>
            <Chart
              label={readings.length > 1 ? text.reading(figure.label, now) : text.collecting}
              at={at}
              lines={figure.lines}
              show={figure.show}
              steps={figure.steps}
              onPoint={setPointed}
            />
          </li>
        )
      })}
    </ul>
  )
}

function Figures({ figures, readings }: { figures: Figure[]; readings: Reading[] }) {
  const { about: text } = useText()
  const rows = readings.map((_, index) => index).slice(-TABLE_ROWS).toReversed()
  return <Table label={text.charts} rows={rows} columns={columnsOf(figures, readings, text)} isWide rowKey={(row) => String(readings[row]?.at)} />
}

function columnsOf(figures: Figure[], readings: Reading[], text: Dictionary['about']): Column<number>[] {
  const time = (row: number) => timeOfDay(new Date(readings[row]?.at ?? 0))
  return [
    { id: 'at', header: text.time, width: '104px', cell: (row) => <span className="num">{time(row)}</span> },
    ...figures.map((figure): Column<number> => ({
      id: figure.label,
      header: figure.label,
      width: figure.width,
      align: 'end',
      cell: (row) => <span className="num">{said(figure, row)}</span>,
    })),
  ]
}

/** What a figure says at a reading. */
function said({ lines, show }: Figure, index: number) {
  const values = lines.map((line) => line[index] ?? null)
  return values.map((value) => (value === null ? '–' : show(value))).join(' / ')
}
