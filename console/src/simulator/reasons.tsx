import { useText } from '../i18n/use-text'
import { Icon } from '../ui/icon'
import { Checks } from './checks'
import type { BranchStory, Explanation, RuleStory } from './explanation'
import { storyOf } from './explanation'
import { GroupReport } from './group-report'
import { RuleName } from './place'
import { branchName } from './reason'

interface Props {
  told: Explanation
  /** Rules for the service that were not looked at, because an earlier one decided. */
  unreached: string[]
  set?: ((fact: string, value: string) => void) | undefined
}

/** Everything that was looked at, in that order. */
export function Reasons({ told, unreached, set }: Props) {
  const { simulator: text } = useText()
  const { rules, disabled, all } = storyOf(told)
  return (
    <ol className="reasons" aria-label={text.reasons}>
      {rules.map((rule) => (
        <RuleReason key={rule.step.rule} rule={rule} set={set} />
      ))}
      {all && (
        <li className="reason">
          <p className="reason-head">
            <Mark is={all.candidates > 0 ? 'decides' : 'rejects'} />
            <strong>{text.allInstances}</strong>
          </p>
          <GroupReport group={all} />
        </li>
      )}
      {unreached.map((place) => (
        <Passed key={place} place={place} why={text.unreached} />
      ))}
      {disabled.map((place) => (
        <Passed key={place} place={place} why={text.disabled} />
      ))}
    </ol>
  )
}

const MARKS = { decides: 'check', rejects: 'close', passed: 'down' } as const

function Mark({ is }: { is: keyof typeof MARKS }) {
  return (
    <span className={`mark mark-${is}`} aria-hidden="true">
      <Icon name={MARKS[is]} size={12} />
    </span>
  )
}

function Passed({ place, why }: { place: string; why: string }) {
  return (
    <li className="reason reason-quiet">
      <p className="reason-head">
        <Mark is="passed" />
        <RuleName place={place} />
        <span className="muted">{why}</span>
      </p>
    </li>
  )
}

const BADGES = { decides: 'badge-healthy', rejects: 'badge-bad', passed: '' } as const

function RuleReason({ rule, set }: { rule: RuleStory; set: Props['set'] }) {
  const { simulator: text } = useText()
  const { step, branches, otherwise } = rule
  const decides = rule.isDecisive || branches.some((branch) => branch.isDecisive || branch.whenEmpty === 'all_instances')
  const rejects = otherwise === 'reject' || branches.some((branch) => branch.whenEmpty === 'reject')
  const outcome = rejects ? text.rejects : decides ? text.decides : step.is_for_caller ? text.fellThrough : text.otherCaller
  const mark = rejects ? 'rejects' : decides ? 'decides' : 'passed'
  return (
    <li className="reason">
      <p className="reason-head">
        <Mark is={mark} />
        <RuleName place={step.rule} />
        <span className={`badge ${BADGES[mark]}`}>{outcome}</span>
        <span className="muted small num">{text.ruleFacts(step.priority, step.revision)}</span>
      </p>
      <Checks checks={step.conditions} set={set} />
      {branches.length > 0 && (
        <ol className="branches-told">
          {branches.map((branch) => (
            <BranchReason key={branch.step.branch} branch={branch} set={set} />
          ))}
        </ol>
      )}
      {otherwise && <p className={otherwise === 'reject' ? 'then text-bad' : 'then muted'}>{text.otherwise[otherwise]}</p>}
    </li>
  )
}

function BranchReason({ branch, set }: { branch: BranchStory; set: Props['set'] }) {
  const { simulator: text } = useText()
  const { step, targets, hasSuspects, whenEmpty } = branch
  const weight = targets.reduce((sum, target) => sum + (target.candidates > 0 ? target.weight : 0), 0)
  return (
    <li className={step.takes ? 'branch-told branch-takes' : 'branch-told'}>
      <p className="branch-told-head">
        <strong>{branchName(branch, text)}</strong>
        <span className={step.takes ? 'text-good' : 'muted'}>{step.takes ? text.takes[step.join] : text.takesNot[step.join]}</span>
      </p>
      <Checks checks={step.conditions} set={set} />
      {targets.map((target) => (
        <div key={target.target} className="target-told">
          <GroupReport group={target} target={target} weight={weight} />
        </div>
      ))}
      {hasSuspects && <p className="then text-warn">{text.suspects}</p>}
      {whenEmpty && <p className={whenEmpty === 'reject' ? 'then text-bad' : 'then text-warn'}>{text.whenEmpty[whenEmpty]}</p>}
    </li>
  )
}
