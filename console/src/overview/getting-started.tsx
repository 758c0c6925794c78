import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import example from '../../../sdk/examples/register.rs?raw'
import { api, must } from '../api/client'
import { useText } from '../i18n/use-text'
import { Command } from '../ui/copy'
import { Panel } from '../ui/page'
import { grpcAddress } from './grpc-address'

const shell = () => `curl -X POST ${location.origin}/api/v1/namespaces/default/services/pay/instances \\
  -H 'content-type: application/json' \\
  -d '{"host": "127.0.0.1", "port": 9000, "health_check": {"type": "none"}}'`

/** The example of the SDK, which is compiled with it, for this control plane. */
const rust = (address: string) => example.replace(/^\/\/!.*\n+/gm, '').replace('http://127.0.0.1:8091', address).trim()

/** What a newcomer does first. */
export function GettingStarted() {
  const { overview: text } = useText()
  const { data: about } = useQuery({ queryKey: ['about'], queryFn: ({ signal }) => must(api.GET('/api/v1/about', { signal })) })
  const address = grpcAddress(about?.grpc, location)
  const isProxied = about?.grpc !== undefined && about.grpc.advertised === undefined && location.protocol === 'https:'
  return (
    <Panel title={text.emptyTitle}>
      <div className="stack">
        <p className="muted">{text.emptyHint}</p>
        <h3>{text.fromShell}</h3>
        <Command text={shell()} />
        {address !== undefined && (
          <>
            <h3>{text.fromRust}</h3>
            <Command text={rust(address)} />
            {isProxied && <p className="muted">{text.proxied}</p>}
          </>
        )}
        {address !== undefined && (
          <>
            <h3>{text.demoHere}</h3>
            <Command text={`merak demo node micro-pay --name micro-pay-1 --control-plane ${address}`} />
          </>
        )}
        <h3>{text.whole}</h3>
        <p className="muted">{text.wholeHint}</p>
        <Command text="merak demo" />
        <p>
          <Link to="/services" search={{ create: 'yes' }}>
            {text.byHand}
          </Link>
        </p>
      </div>
    </Panel>
  )
}
