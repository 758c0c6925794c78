import { useQuery } from '@tanstack/react-query'
import type { Instance } from '../api/client'
import { endpoint } from '../changes/summary'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { type Explanation, labelText, whyNot } from './explanation'
import { instanceQuery } from './queries'
import { branchName, percent } from './reason'

interface Props {
  id: string
  told: Explanation
  service: { namespace: string; service: string }
  asOf: string | undefined
  close: () => void
}

/** Why an instance does, or does not, get such calls. */
export function WhyNot({ id, told, service, asOf, close }: Props) {
  const { simulator: text, actions } = useText()
  const { data } = useQuery(instanceQuery(service.namespace, service.service, id, asOf))
  const answer = whyNot(id, told)
  const name = data ? endpoint(data) : id
  const title = answer.is === 'candidate' ? text.whyThis(name) : text.whyNot(name)
  return (
    <section className="note-box why-not" aria-label={title}>
      <div className="grow">
        <h2>{title}</h2>
        {answer.is === 'candidate' && <p>{text.itGets(percent(answer.share))}</p>}
        {answer.is === 'dropped' && <p>{text.itIs(text.whys[answer.why])}</p>}
        {answer.is === 'nobody' && <p>{text.nobodyGets}</p>}
        {answer.is === 'other_labels' && (
          <>
            <p>{text.otherLabels(branchName(answer.branch, text))}</p>
            <ul className="conditions-told">
              {answer.branch.targets.flatMap((target) =>
                Object.entries(target.labels).map(([key, test]) => (
                  <li key={`${target.target} ${key}`} className="condition-told">
                    <code>{`${key} ${labelText(test)}`}</code>
                    <span className="told-got">
                      <span className="muted">{text.has}</span> <code>{(data && labelOf(data, key)) || text.nothing}</code>
                    </span>
                  </li>
                )),
              )}
            </ul>
          </>
        )}
      </div>
      <Button kind="ghost" icon="close" aria-label={actions.dismiss} onClick={close} />
    </section>
  )
}

/** A label as targets see it: the metadata, then what the instance is. */
function labelOf({ metadata, version, protocol, location }: Instance, key: string): string | undefined {
  return new Map(Object.entries({ version, protocol, ...location, ...metadata })).get(key)
}
