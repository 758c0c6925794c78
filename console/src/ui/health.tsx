import type { Instance } from '../api/client'
import { useText } from '../i18n/use-text'

/** Health as a shape, a colour and a word. */
export function HealthBadge({ health }: { health: Instance['health'] }) {
  const text = useText().health
  return (
    <span className={`badge badge-${health}`}>
      <span className="dot" aria-hidden="true" />
      {text[health]}
    </span>
  )
}

export function IsolatedBadge() {
  const text = useText().health
  return <span className="badge badge-isolated">{text.isolated}</span>
}

interface BarProps {
  healthy: number
  total: number
}

/** How many of some instances are healthy, as a bar and as numbers. */
export function HealthBar({ healthy, total }: BarProps) {
  const text = useText().health
  if (total === 0) return <span className="muted small">{text.empty}</span>
  const state = healthy === total ? 'good' : healthy === 0 ? 'bad' : 'warn'
  return (
    <span className="health-bar">
      <span className="sr-only">{text.of(healthy, total)}</span>
      <span className={`bar bar-${state}`} aria-hidden="true">
        <span style={{ width: `${(100 * healthy) / total}%` }} />
      </span>
      <span className={`num health-count ${state === 'good' ? '' : `text-${state}`}`} aria-hidden="true">
        {healthy}/{total}
      </span>
    </span>
  )
}
