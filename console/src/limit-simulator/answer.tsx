import { Link } from '@tanstack/react-router'
import type { Dictionary } from '../i18n/en'
import { useText } from '../i18n/use-text'
import { lengthText } from '../limit/limit'
import { Checks } from '../simulator/checks'
import { Timeline } from './timeline'
import { checkOf, type LimitAnswer, type LimitStanding } from './typed'

const LOOKS = { admitted: '', queued: 'verdict-warn', rejected: 'verdict-bad' } as const

/** A length of time to the whole second or minute above, where less does not matter. */
function rounded(ms: number): number {
  const step = ms < 2_000 ? 1 : ms < 120_000 ? 1_000 : 60_000
  return Math.ceil(ms / step) * step
}

interface Props {
  told: LimitAnswer
  set: (fact: string, value: string) => void
}

/** What becomes of calls: the verdict, when, and what every limit says. */
export function LimitAnswerView({ told, set }: Props) {
  const { limitSimulator: words, simulator } = useText()
  const { verdict, rejection, sequence, rules, wait_ms: wait } = told
  return (
    <div className="stack">
      <div className={`verdict ${LOOKS[verdict]}`}>
        <div role="status" className="stack verdict-said">
          <p className="verdict-head">
            <strong>{words.verdicts[verdict]}</strong>
          </p>
          <p className="num">{words.summary(sequence)}</p>
          {wait !== undefined && wait > 0 && <p className="muted num">{words.waits(wait)}</p>}
        </div>
      </div>
      {sequence.calls > 1 && <Timeline sequence={sequence} />}
      {rejection && (
        <section className="stack" aria-label={words.answered}>
          <h3>{words.answered}</h3>
          <div className="command">
            {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
            <pre tabIndex={0}>{answerText(rejection)}</pre>
          </div>
        </section>
      )}
      <section className="stack">
        <h3>{simulator.why}</h3>
        {rules.length === 0 && <p className="muted">{words.noRules}</p>}
        <ol className="reasons" aria-label={words.rules} hidden={rules.length === 0}>
          {rules.map((rule) => (
            <Standing key={`${rule.rule.namespace}/${rule.rule.name}`} standing={rule} set={set} />
          ))}
        </ol>
      </section>
    </div>
  )
}

function answerText({ status, headers, body }: NonNullable<LimitAnswer['rejection']>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [String(status), ...lines, ...(body ? ['', body] : [])].join('\n')
}

function stateOf({ enabled, matches, rejected }: LimitStanding, { limitSimulator: words, simulator }: Dictionary): string {
  if (!enabled) return simulator.disabled
  if (!matches) return words.notCounted
  return rejected > 0 ? words.rejects(rejected) : words.passes
}

function Standing({ standing, set }: { standing: LimitStanding; set: Props['set'] }) {
  const text = useText()
  const words = text.limitSimulator
  const { rule, conditions, counter_key: counter, amounts, scope, matches, enabled, rejected, concurrency } = standing
  return (
    <li className="reason">
      <div className="reason-head">
        <span className="muted">{rule.namespace} /</span>
        <Link to="/rate-limit-rules/$namespace/$rule" params={{ namespace: rule.namespace, rule: rule.name }}>
          {rule.name}
        </Link>
        <span className={rejected > 0 ? 'badge badge-bad' : 'badge'}>{stateOf(standing, text)}</span>
        <span className="muted small">{text.limits.scopes[scope].name}</span>
      </div>
      <Checks checks={conditions.map(checkOf)} set={set} />
      {enabled && matches && (
        <p>
          <span className="muted">{words.counter}</span> {counter ? <code>{counter}</code> : words.oneCounter}
        </p>
      )}
      {amounts.map(({ max, left, window_ms: window, full_in_ms: full }) => (
        <p key={window} className="num">
          {words.left(left, max, lengthText(window, text), lengthText(rounded(full), text))}
        </p>
      ))}
      {concurrency !== undefined && <p className="num">{text.limits.concurrent(concurrency)}</p>}
    </li>
  )
}
