interface Props {
  label: string
  values: number[]
  height?: number
  color?: 'accent' | 'good' | 'bad' | 'warn'
}

const WIDTH = 160

/** A line of values over time, the newest at the right; its scale begins at 0. */
export function Sparkline({ label, values, height = 32, color = 'accent' }: Props) {
  const top = Math.max(...values, 1e-9)
  const step = WIDTH / Math.max(1, values.length - 1)
  const places = values.map((value, index) => {
    const y = height - 1.5 - (value / top) * (height - 4)
    return `${(index * step).toFixed(1)},${y.toFixed(1)}`
  })
  return (
    <svg
      className={`sparkline sparkline-${color}`}
      viewBox={`0 0 ${WIDTH} ${height}`}
      height={height}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {values.length > 1 && (
        <>
          <polygon points={`0,${height} ${places.join(' ')} ${WIDTH},${height}`} />
          <polyline points={places.join(' ')} />
        </>
      )}
    </svg>
  )
}
