import type { RuleWarning } from '../api/client'
import { useText } from '../i18n/use-text'
import { Icon } from '../ui/icon'
import { goTo } from './faults'

/** What is valid and probably not meant; each leads to its place. */
export function Warnings({ warnings }: { warnings: readonly RuleWarning[] }) {
  const { rules: text } = useText()
  if (warnings.length === 0) return null
  return (
    <section className="notice notice-warn" aria-label={text.warnings(warnings.length)}>
      <strong>{text.warnings(warnings.length)}</strong>
      <ul>
        {warnings.map(({ code, path, message }) => (
          <li key={`${code} ${path}`} className="row">
            <Icon name="warning" size={14} />
            <span>
              <button type="button" className="link" onClick={() => goTo(path)}>
                {text.warningCodes[code]}
              </button>{' '}
              <code>{path}</code> <span className="small">{message}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** How many warnings a rule has, with their words in the title. */
export function WarningBadge({ warnings }: { warnings: readonly RuleWarning[] }) {
  const { rules: text } = useText()
  if (warnings.length === 0) return null
  const names = warnings.map(({ code, message }) => `${text.warningCodes[code]}: ${message}`)
  return (
    <span className="badge badge-warn" title={names.join('\n')}>
      <Icon name="warning" size={12} />
      {text.warnings(warnings.length)}
    </span>
  )
}
