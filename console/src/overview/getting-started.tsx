import { Link } from '@tanstack/react-router'
import { useText } from '../i18n/use-text'
import { Command } from '../ui/copy'
import { Panel } from '../ui/page'

/** The gRPC port that the server takes unless it is told another. */
const GRPC_PORT = 8091

const shell = () => `curl -X POST ${location.origin}/api/v1/namespaces/default/services/pay/instances \\
  -H 'content-type: application/json' \\
  -d '{"host": "127.0.0.1", "port": 9000, "health_check": {"type": "none"}}'`

const rust = () => `let client = merak_sdk::Client::builder("http://${location.hostname}:${GRPC_PORT}").build()?;
let registered = client.register(Registration::new("pay", "127.0.0.1", 9000)).await?;`

/** What a newcomer does first. */
export function GettingStarted() {
  const { overview: text } = useText()
  return (
    <Panel title={text.emptyTitle}>
      <div className="stack">
        <p className="muted">{text.emptyHint}</p>
        <h3>{text.fromShell}</h3>
        <Command text={shell()} />
        <h3>{text.fromRust}</h3>
        <Command text={rust()} />
        <h3>{text.whole}</h3>
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
