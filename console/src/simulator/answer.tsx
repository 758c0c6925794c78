import { Problem } from '../api/problem'
import { useText } from '../i18n/use-text'
import { useScope } from '../shell/scope'
import { Command } from '../ui/copy'
import { Failed, Loading } from '../ui/states'
import { Absent } from './absent'
import { type Call, withFact } from './call'
import { curlOf, merakOf } from './command'
import { Comparison } from './comparison'
import type { CalleeRule } from './draft-field'
import { Result } from './result'
import { KeepTest } from './keep-test'
import type { Simulation } from './use-simulation'
import { WhyNot } from './why-not'

interface Props {
  call: Call
  service: { namespace: string; service: string }
  simulation: Simulation
  rules: CalleeRule[]
  /** Changes the call as it is typed, which may be ahead of the one that this answers. */
  change: (change: (typed: Call) => Call) => void
}

/** What the control plane says of a call: now, and with a draft. */
export function Answer({ call, service, simulation, rules, change }: Props) {
  const { simulator: text } = useText()
  const { asOf } = useScope()
  const { live, draft, hasDraft, asked } = simulation
  if (live.error instanceof Problem && live.error.status === 404) return <Absent service={service} />
  if (live.error && !live.data) return <Failed error={live.error} retry={() => void live.refetch()} />
  if (!live.data) return <Loading />
  const isCompared = hasDraft && draft.data !== undefined
  const common = {
    service,
    isShort: isCompared,
    set: (fact: string, value: string) => change((typed) => withFact(typed, fact, value)),
    drawAgain: () => change((typed) => ({ ...typed, seed: String((Number(typed.seed) || 0) + 1) })),
  }
  const places = rules.map(({ namespace, name }) => `${namespace}/${name}`)
  return (
    <div className="stack">
      {call.instance && (
        <WhyNot id={call.instance} told={live.data} service={service} asOf={asOf} close={() => change((typed) => ({ ...typed, instance: '' }))} />
      )}
      {hasDraft && draft.data && (
        <section className="stack">
          <h2>{text.compare}</h2>
          <Comparison live={live.data} draft={draft.data} />
        </section>
      )}
      <div className={isCompared ? 'side-by-side' : undefined}>
        <section className="stack">
          <h2 className={isCompared ? undefined : 'sr-only'}>{isCompared ? text.live : text.answer}</h2>
          <Result told={live.data} rules={places} {...common} />
        </section>
        {hasDraft && draft.data && (
          <section className="stack">
            <h2>{text.withDraft}</h2>
            <Result told={draft.data} rules={places} {...common} />
          </section>
        )}
      </div>
      {asked && <KeepTest asked={asked.request} told={live.data} rules={rules} />}
      {asked && (
        <details className="fold">
          <summary>{text.command}</summary>
          <Command text={merakOf(location.origin, asked, asOf)} />
          <Command text={curlOf(location.origin, 'route', asked, asOf)} />
        </details>
      )}
    </div>
  )
}
