import { useEffect, useRef, useSyncExternalStore } from 'react'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { timeOfDay } from '../time/format'

interface Props {
  /** What it shows and what it says now, for those who do not see it. */
  label: string
  /** Milliseconds since 1970, ascending. */
  at: number[]
  /** A line each; null is not known. */
  lines: (number | null)[][]
  /** A value in a few letters. */
  show: (value: number) => string
  /** The steps that its scale can have, ascending; the least one is shown where all is 0. */
  steps: number[]
  /** The place in `at` that is pointed at, on this chart or another of the page. */
  onPoint: (index: number | null) => void
}

const HEIGHT = 130
/** Half of what a time takes at the axis. */
const HALF_CLOCK = 26
/** A chart shows at least as many seconds. */
const MOMENT_S = 10
const LINES = ['--accent', '--warn-fill'] as const

/** Lines over time. What is drawn is in a table as well: a page with charts must offer one. */
export function Chart(props: Props) {
  const theme = useSyncExternalStore(onTheme, () => document.documentElement.dataset.theme)
  // Canvas knows no style sheet: it is drawn anew in the colours of another theme.
  return <Plot key={theme} {...props} />
}

function Plot({ label, at, lines, show, steps, onPoint }: Props) {
  const root = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot>(null)
  const newest = useRef({ show, onPoint })
  const count = lines.length
  useEffect(() => {
    newest.current = { show, onPoint }
  })
  useEffect(() => {
    const element = root.current
    if (!element) return undefined
    const made = new UPlot(optionsOf(element, count, steps, newest), [[], ...Array.from({ length: count }, () => [])], element)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [count, steps])
  useEffect(() => {
    plot.current?.setData([at.map((time) => time / 1_000), ...lines])
  }, [at, lines])
  return <div ref={root} className="chart" role="img" aria-label={label} />
}

interface Newest {
  current: Pick<Props, 'show' | 'onPoint'>
}

function optionsOf(element: HTMLElement, count: number, steps: number[], newest: Newest): UPlot.Options {
  const style = getComputedStyle(element)
  const color = (name: string) => style.getPropertyValue(name).trim()
  const axis = { stroke: color('--muted'), font: `11px ${style.fontFamily}`, ticks: { show: false } }
  const grid = { stroke: color('--line'), width: 1 }
  const lines = LINES.slice(0, count).map((name) => ({
    stroke: color(name),
    width: 1.5,
    spanGaps: true,
    points: { show: false },
  }))
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 4, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'page' }, y: false, drag: { x: false, y: false } },
    hooks: { setCursor: [({ cursor }) => newest.current.onPoint(cursor.idx ?? null)] },
    scales: {
      // One reading alone is at the end of a moment, rather than at the beginning of a day.
      x: { range: ({ data: [times] }, first) => momentTo(times.at(-1) ?? 0, first) },
      y: { range: (_, __, most) => [0, Math.max(most * 1.1, steps[0] ?? 1)] },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 90, size: 22, values: clocks },
      { ...axis, grid, space: 34, size: 62, incrs: steps, values: (_, values) => values.map((value) => newest.current.show(value)) },
    ],
    series: [{}, ...lines],
  }
}

const momentTo = (last: number, first: number): [number, number] => [Math.min(first, last - MOMENT_S), last]

/** The times at the axis, but for one that would be cut off at its end. */
function clocks(plot: UPlot, times: number[]): string[] {
  const most = plot.over.clientWidth - HALF_CLOCK
  return times.map((time) => (plot.valToPos(time, 'x') > most ? '' : clock(time)))
}

const clock = (seconds: number) => timeOfDay(new Date(seconds * 1_000))

function onTheme(listener: () => void) {
  const observer = new MutationObserver(listener)
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  return () => observer.disconnect()
}
