import { useText } from '../i18n/use-text'
import { decisiveBranch, type Explanation, sharesOf, storyOf } from './explanation'
import { Reasons } from './reasons'
import { SharesTable } from './shares-table'
import { DRAWS } from './use-simulation'
import { Verdict } from './verdict'

interface Props {
  told: Explanation
  service: { namespace: string; service: string }
  /** Whether the shares of the instances are shown elsewhere. */
  isShort?: boolean
  /** The routing rules for the service, as `namespace/name`. */
  rules: string[]
  set?: (fact: string, value: string) => void
  drawAgain: () => void
}

/** An explanation in full: the verdict, who gets how much, and why. */
export function Result({ told, service, isShort = false, rules, set, drawAgain }: Props) {
  const { simulator: text } = useText()
  const shares = sharesOf(told)
  const story = storyOf(told)
  const seen = new Set([...story.rules.map(({ step }) => step.rule), ...story.disabled])
  const { instances, routing_rules: routing, nearby_rule: nearby } = told.revisions
  return (
    <div className="stack">
      <Verdict told={told} shares={shares} drawAgain={drawAgain} />
      {shares.length > 0 && !isShort && (
        <section className="stack">
          <h3>{text.candidates}</h3>
          <SharesTable
            shares={shares}
            draws={DRAWS}
            targets={decisiveBranch(story)?.targets.map(({ name, target }) => name || text.targetNumber(target + 1)) ?? []}
            service={service}
            picked={told.picked}
          />
        </section>
      )}
      <section className="stack">
        <h3>{text.why}</h3>
        <Reasons told={told} unreached={rules.filter((rule) => !seen.has(rule))} set={set} />
      </section>
      <p className="muted small num">
        {text.revisions(...([instances, routing, nearby].map((one) => (one === null ? '–' : String(one))) as [string, string, string]))}
      </p>
    </div>
  )
}
