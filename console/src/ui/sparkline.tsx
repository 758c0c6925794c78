interface Props {
  label: string
  /** Null is not known, and not drawn; only the oldest can be. */
  values: (number | null)[]
  height?: number
  color?: 'accent' | 'good' | 'bad' | 'warn'
}

const WIDTH = 160

/** A line of values over time, the newest at the right; its scale begins at 0. Dots stand for what is not known. */
export function Sparkline({ label, values, height = 32, color = 'accent' }: Props) {
  const top = Math.max(...values.map((value) => value ?? 0), 1e-9)
  const step = WIDTH / Math.max(1, values.length - 1)
  const places = values.flatMap((value, index) => {
    if (value === null) return []
    const y = height - 1.5 - (value / top) * (height - 4)
    return `${(index * step).toFixed(1)},${y.toFixed(1)}`
  })
  const begin = places.length > 1 ? (places[0]?.split(',')[0] ?? 0) : WIDTH
  return (
    <svg
      className={`sparkline sparkline-${color}`}
      viewBox={`0 0 ${WIDTH} ${height}`}
      height={height}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <line x1={0} x2={begin} y1={height - 1} y2={height - 1} />
      {places.length > 1 && (
        <>
          <polygon points={`${begin},${height} ${places.join(' ')} ${WIDTH},${height}`} />
          <polyline points={places.join(' ')} />
        </>
      )}
    </svg>
  )
}
