import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { RateLimitRuleSpec } from '../api/client'
import { useText } from '../i18n/use-text'
import type { Rule } from '../rule/noun'
import { useScope } from '../shell/scope'
import { Empty, Failed, Loading } from '../ui/states'
import { steady } from '../ui/steady'
import { CounterUse } from './counter-use'
import { countedFacts } from './sentence'
import { type Counter, usageQuery } from './usage-query'

/** What is made of a rate limit rule now: by counter, and by those who let the calls through. */
export function LimitUsage({ rule }: { rule: Rule<RateLimitRuleSpec> }) {
  const text = useText()
  const { usage: words } = text.limits
  const { asOf } = useScope()
  const { data, error, refetch } = useQuery(usageQuery(rule))
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />
  if (!data) return <Loading />
  const { not_counted: idle, counters, counter_count: count } = data
  return (
    <section className="stack" aria-label={text.rules.usage}>
      {asOf !== undefined && <p className="muted note">{words.nowOnly}</p>}
      {idle && <Empty {...words.notCounted[idle.reason]} />}
      {!idle && counters.length === 0 && <Empty title={words.emptyTitle} hint={words.emptyHint} />}
      {!idle && counters.length > 0 && (
        <>
          <p className="muted note num">
            {counters.length < count ? words.someCounters(counters.length, count) : words.allCounters(count)} {words.lead}
          </p>
          <Counters counters={counters} facts={countedFacts(rule, text)} />
        </>
      )}
    </section>
  )
}

const keyOf = ({ callee, values }: Counter) => JSON.stringify([callee.namespace, callee.name, ...values])

/** The counters, those with the most calls first; they keep their places while one points at them. */
function Counters({ counters, facts }: { counters: Counter[]; facts: string[] }) {
  const { usage: words } = useText().limits
  const [held, setHeld] = useState<Counter[] | null>(null)
  const shown = held ? steady(held, counters, keyOf).rows : counters
  return (
    <ul className="counters" aria-label={words.counters} onPointerEnter={() => setHeld(counters)} onPointerLeave={() => setHeld(null)}>
      {shown.map((counter) => (
        <CounterUse key={keyOf(counter)} counter={counter} facts={facts} />
      ))}
    </ul>
  )
}
