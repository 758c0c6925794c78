import { Link } from '@tanstack/react-router'
import type { RuleWarning } from '../api/client'
import { toldWarning } from '../i18n/told'
import { useText } from '../i18n/use-text'
import { Icon } from '../ui/icon'
import type { RuleId } from './api'
import { goTo } from './faults'
import type { CommonSpec, Noun } from './noun'

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

interface BadgeProps {
  warnings: readonly RuleWarning[]
  /** The page of the rule that has them. */
  page: Noun<CommonSpec>['one']
  rule: RuleId
}

/** How many warnings a rule has, with their words in the title; leads to the rule, which says them where they are. */
export function WarningBadge({ warnings, page, rule: { namespace, name } }: BadgeProps) {
  const dictionary = useText()
  const text = dictionary.rules
  if (warnings.length === 0) return null
  const names = warnings.map((warning) => {
    const [title, said] = [text.warningCodes[warning.code], toldWarning(warning, dictionary)]
    return said ? `${title}${text.colon}${said}` : title
  })
  return (
    <Link to={page} params={{ namespace, rule: name }} className="badge badge-warn" title={names.join('\n')}>
      <Icon name="warning" size={12} />
      {text.warnings(warnings.length)}
    </Link>
  )
}
