import type { CallDocument } from './call'
import type { Draft } from './draft'

/** What is simulated, for a body or a command. */
export interface Simulated {
  request: CallDocument
  draft?: Draft | undefined
  seed?: number
  draws?: number
}

/** A text as a shell takes it whole. */
const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** The command that asks the API the same. */
export function curlOf(origin: string, kind: 'route' | 'rate-limit', simulated: object, asOf: string | undefined): string {
  const moment = asOf === undefined ? '' : `?as_of=${encodeURIComponent(asOf)}`
  const body = JSON.stringify(simulated, null, 2)
  return [
    `curl -s -X POST ${quoted(`${origin}/api/v1/simulate/${kind}${moment}`)} \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d ${quoted(body)}`,
  ].join('\n')
}

/** The parameters of a kind, each as an option of its own. */
const options = (name: string, entries: Record<string, string> = {}) =>
  Object.entries(entries).map(([key, value]) => `--${name} ${quoted(`${key}=${value}`)}`)

/** The command of the console's own binary that asks the same. */
export function merakOf(origin: string, { request, draft, seed = 0, draws = 0 }: Simulated, asOf: string | undefined): string {
  const { from, to, method, path, exclude = [] } = request
  const texts = {
    'to-namespace': to.namespace,
    from: from?.service,
    'from-namespace': from?.namespace,
    'from-ip': from?.ip,
    region: from?.location?.region,
    zone: from?.location?.zone,
    campus: from?.location?.campus,
    method,
    path,
  }
  const parts = [
    `merak simulate route --server ${quoted(origin)} --to ${quoted(to.service)}`,
    ...Object.entries(texts).flatMap(([name, text]) => (text ? [`--${name} ${quoted(text)}`] : [])),
    ...options('from-label', from?.metadata),
    ...options('header', request.headers),
    ...options('query', request.query),
    ...options('cookie', request.cookies),
    ...options('arg', request.arguments),
    ...exclude.map((id) => `--exclude ${quoted(id)}`),
    ...(asOf === undefined ? [] : [`--as-of ${quoted(asOf)}`]),
    `--draws ${draws} --seed ${seed}`,
    ...(draft ? ['--draft -'] : []),
  ]
  const command = parts.join(' \\\n  ')
  if (!draft) return command
  const { namespace, name, spec } = draft
  const document = { kind: 'RoutingRule', metadata: { namespace, name }, spec }
  return `${command} <<'RULE'\n${JSON.stringify(document, null, 2)}\nRULE`
}
