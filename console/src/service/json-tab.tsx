import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { api, must } from '../api/client'
import { useText } from '../i18n/use-text'
import { useScope } from '../shell/scope'
import { Button } from '../ui/button'
import { Command, Copy } from '../ui/copy'
import { Json } from '../ui/json'
import { Panel } from '../ui/page'
import { Failed, Loading } from '../ui/states'
import { manifestOf } from './manifest'

const route = getRouteApi('/services/$namespace/$service')

/** A service as a manifest, as the API says it, and the command that asks. */
export function JsonTab() {
  const { service: text } = useText()
  const { namespace, service } = route.useParams()
  const { asOf } = useScope()
  const { data, error, refetch } = useQuery({
    queryKey: ['service', namespace, service, 'json', asOf ?? null],
    queryFn: ({ signal }) => {
      const params = { path: { namespace, service }, query: asOf === undefined ? {} : { as_of: asOf } }
      return must(api.GET('/api/v1/namespaces/{namespace}/services/{service}', { params, signal }))
    },
  })
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />
  if (!data) return <Loading />
  const moment = asOf === undefined ? '' : `?as_of=${encodeURIComponent(asOf)}`
  const address = `${location.origin}/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${encodeURIComponent(service)}${moment}`
  return (
    <div className="stack">
      <Panel title={text.asCommand}>
        <Command text={`curl -s '${address}'`} />
      </Panel>
      <Text title={text.yaml} text={manifestOf(data)} file={`${service.replaceAll('/', '_')}.yaml`} />
      <Panel title={text.api} actions={<Copy text={JSON.stringify(data, null, 2)} />}>
        <Json value={data} label={text.api} />
      </Panel>
    </div>
  )
}

/** A text to be read, copied or saved. */
function Text({ title, text, file }: { title: string; text: string; file: string }) {
  const { actions } = useText()
  function save() {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }))
    link.download = file
    link.click()
    URL.revokeObjectURL(link.href)
  }
  const buttons = (
    <span className="row">
      <Copy text={text} />
      <Button kind="ghost" icon="download" aria-label={actions.download} title={actions.download} onClick={save} />
    </span>
  )
  return (
    <Panel title={title} actions={buttons}>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
      <div className="code" role="region" aria-label={title} tabIndex={0}>
        <pre>{text}</pre>
      </div>
    </Panel>
  )
}
