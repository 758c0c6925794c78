import type { RoutingRuleSpec } from '../api/client'
import { useText } from '../i18n/use-text'
import type { Rule } from '../rule/noun'
import type { Branch } from './noun'
import { groupsOf, matchesText, targetBrief } from './sentence'

const SHOWN = 3

const nameOf = (service: string | undefined, any: string) => (service === undefined || service === '*' ? any : service)

/** Who calls whom, and where each part of a rule sends the calls, in a few lines. */
export function RoutingSummary({ rule }: { rule: Rule<RoutingRuleSpec> }) {
  const { sentence, rules } = useText()
  const { caller, callee, branches } = rule
  return (
    <>
      <div className="row wrap call">
        <span>{nameOf(caller?.service, sentence.anyCaller)}</span>
        <span aria-hidden="true">→</span>
        <strong>{nameOf(callee.service, sentence.anyService)}</strong>
      </div>
      <ul className="summary">
        {branches.slice(0, SHOWN).map((branch, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- branches need no name
          <BranchLine key={index} branch={branch} isFirst={index === 0} />
        ))}
        {branches.length > SHOWN && <li className="muted small">{rules.andMore(branches.length - SHOWN)}</li>}
      </ul>
    </>
  )
}

const TONES = 5

function BranchLine({ branch, isFirst }: { branch: Branch; isFirst: boolean }) {
  const { sentence } = useText()
  const matched = matchesText(branch, sentence)
  const [first = []] = groupsOf(branch.targets)
  return (
    <li className="summary-line">
      <span className="summary-when clip" title={matched}>
        {matched || (isFirst ? sentence.every : sentence.others)}
      </span>
      <span className="summary-bar" aria-hidden="true">
        {first.map(({ share }, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- targets need no name
          <span key={index} className={`tone-${index % TONES}`} style={{ width: `${share}%` }} />
        ))}
      </span>
      <span className="summary-to">
        {first.map(({ target, share }) => `${first.length > 1 ? sentence.percent(share) : ''}${targetBrief(target, sentence)}`).join(' · ')}
      </span>
    </li>
  )
}
