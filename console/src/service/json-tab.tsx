import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { api, must } from '../api/client'
import { useText } from '../i18n/use-text'
import { useScope } from '../shell/scope'
import { Command, Copy } from '../ui/copy'
import { Json } from '../ui/json'
import { Panel } from '../ui/page'
import { Failed, Loading } from '../ui/states'

const route = getRouteApi('/services/$namespace/$service')

/** A service as the API says it, and the command that asks. */
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
  const moment = asOf === undefined ? '' : `?as_of=${asOf}`
  const address = `${location.origin}/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${encodeURIComponent(service)}${moment}`
  return (
    <div className="stack">
      <Panel title={text.asCommand}>
        <Command text={`curl -s '${address}'`} />
      </Panel>
      <Panel title={text.json} actions={<Copy text={JSON.stringify(data, null, 2)} />}>
        <Json value={data} label={text.json} />
      </Panel>
    </div>
  )
}
