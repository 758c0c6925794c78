import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, must } from '../api/client'
import { useText } from '../i18n/use-text'
import { useScope } from '../shell/scope'
import { NO_CALL, requestOf, withFact } from '../simulator/call'
import { curlOf } from '../simulator/command'
import { parseDraft } from '../simulator/draft'
import { faultsOf } from '../simulator/faults'
import { foreseeRefused, refuse } from '../simulator/foresee'
import { SimulatorTabs } from '../simulator/tabs'
import '../styles/simulator.css'
import { Button } from '../ui/button'
import { Command } from '../ui/copy'
import { Page } from '../ui/page'
import { Empty, Failed, Loading } from '../ui/states'
import { useCopy } from '../ui/use-copy'
import { LimitAnswerView } from './answer'
import { CallsForm } from './calls-form'
import { askedNames, type LimitQuestion, outsideOf, questionOf, useTypedCalls } from './typed'

/** What becomes of calls by the rate limits of a service; read anew when its rules change. */
function useAnswer(question: LimitQuestion | undefined, asOf: string | undefined) {
  const { namespace = '', service = '' } = question?.request.to ?? {}
  return useQuery({
    queryKey: ['service', namespace, service, 'simulation', 'limits', asOf ?? null, question ?? null],
    queryFn: async ({ signal, client }) => {
      const body = question as LimitQuestion
      refuse(outsideOf(body))
      await foreseeRefused('rate-limit-rules', body, { client, asOf, signal })
      const params = { query: asOf === undefined ? {} : { as_of: asOf } }
      return must(api.POST('/api/v1/simulate/rate-limit', { params, body, signal }))
    },
    placeholderData: keepPreviousData,
    enabled: question !== undefined,
  })
}

/** What would become of these calls, and why. */
export function LimitSimulatorPage() {
  const dictionary = useText()
  const { simulator: text, limitSimulator: words } = dictionary
  const { namespace = 'default', asOf } = useScope()
  const copy = useCopy()
  const { typed, inForce, change } = useTypedCalls()
  const request = requestOf(inForce, namespace)
  const draft = parseDraft(inForce.draft, namespace)
  const question = request && questionOf(request, inForce, draft.is === 'draft' ? draft.draft : undefined)
  const { data, error, isFetching, refetch } = useAnswer(question, asOf)
  const faults = faultsOf(error, dictionary)
  if (draft.is === 'fault') faults.draft = text.notJson(draft.detail)
  const tools = (
    <>
      <Button onClick={() => change({ ...NO_CALL, calls: '', over_ms: '', instances: '' })}>{text.clear}</Button>
      <Button icon="copy" onClick={() => void copy(location.href, text.shared)} disabled={!request}>
        {text.share}
      </Button>
    </>
  )
  return (
    <Page title={text.title} actions={tools}>
      <SimulatorTabs call={inForce} />
      <p className="muted lead">{words.lead}</p>
      <div className="simulator">
        <CallsForm calls={typed} change={change} faults={faults} names={askedNames(data?.rules ?? [])} />
        <section className="answer stack" aria-label={words.answer} aria-busy={isFetching}>
          <h2 className="sr-only">{words.answer}</h2>
          {!question && <Empty title={text.emptyTitle} hint={words.emptyHint} />}
          {question && error && <Failed error={error} retry={() => void refetch()} />}
          {question && !error && !data && <Loading />}
          {question && !error && data && (
            <>
              <LimitAnswerView told={data} set={(fact, value) => change({ ...typed, ...withFact(typed, fact, value) })} />
              <details className="fold">
                <summary>{text.command}</summary>
                <Command text={curlOf(location.origin, 'rate-limit', question, asOf)} />
              </details>
            </>
          )}
        </section>
      </div>
    </Page>
  )
}
