import type { RuleWarning } from '../api/client'
import { toldWarning } from '../i18n/told'
import { useText } from '../i18n/use-text'
import { Icon } from '../ui/icon'
import { goTo } from './faults'

/** What is valid and probably not meant; each leads to its place. */
export function Warnings({ warnings }: { warnings: readonly RuleWarning[] }) {
  const dictionary = useText()
  const text = dictionary.rules
  if (warnings.length === 0) return null
  return (
    <section className="notice notice-warn" aria-label={text.warnings(warnings.length)}>
      <strong>{text.warnings(warnings.length)}</strong>
      <ul>
        {warnings.map((warning) => (
          <li key={`${warning.code} ${warning.path}`} className="row">
            <Icon name="warning" size={14} />
            <span>
              <button type="button" className="link" onClick={() => goTo(warning.path)}>
                {text.warningCodes[warning.code]}
              </button>{' '}
              <code>{warning.path}</code> <span className="small">{toldWarning(warning, dictionary)}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** How many warnings a rule has, with their words in the title. */
export function WarningBadge({ warnings }: { warnings: readonly RuleWarning[] }) {
  const dictionary = useText()
  const text = dictionary.rules
  if (warnings.length === 0) return null
  const names = warnings.map((warning) => {
    const [title, said] = [text.warningCodes[warning.code], toldWarning(warning, dictionary)]
    return said ? `${title}${text.colon}${said}` : title
  })
  return (
    <span className="badge badge-warn" title={names.join('\n')}>
      <Icon name="warning" size={12} />
      {text.warnings(warnings.length)}
    </span>
  )
}
