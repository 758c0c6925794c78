import { useText } from '../i18n/use-text'
import { Icon } from '../ui/icon'
import { goTo } from './faults'
import type { Warning } from './noun'

/** What is valid and probably not meant; each leads to its place. */
export function Warnings({ warnings }: { warnings: readonly Warning[] }) {
  const { rules: text } = useText()
  if (warnings.length === 0) return null
  return (
    <section className="notice notice-warn" aria-label={text.warnings(warnings.length)}>
      <strong>{text.warnings(warnings.length)}</strong>
      <ul>
        {warnings.map(({ code, path = '', message }) => (
          <li key={`${code} ${path} ${message}`} className="row">
            <Icon name="warning" size={14} />
            <button type="button" className="link" onClick={() => goTo(path)}>
              {message}
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** How many warnings a rule has, with their words in the title. */
export function WarningBadge({ warnings }: { warnings: readonly Warning[] }) {
  const { rules: text } = useText()
  if (warnings.length === 0) return null
  return (
    <span className="badge badge-warn" title={warnings.map(({ message }) => message).join('\n')}>
      <Icon name="warning" size={12} />
      {text.warnings(warnings.length)}
    </span>
  )
}
