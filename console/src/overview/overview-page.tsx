import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Namespace } from '../api/client'
import { ChangeList } from '../changes/change-list'
import { newestChangesQuery, upTo } from '../changes/queries'
import { useText } from '../i18n/use-text'
import { allNamespacesQuery } from '../namespaces/queries'
import { useScope } from '../shell/scope'
import { Page, Panel } from '../ui/page'
import { Empty, Failed, Loading } from '../ui/states'
import { Attention } from './attention'
import { countsOf } from './counts'
import { GettingStarted } from './getting-started'
import { Past } from './past'
import { Tiles } from './tiles'

const FEED = 14

/** What is wrong now, and what just happened. */
export function OverviewPage() {
  const { overview: text } = useText()
  const { data, error, refetch } = useQuery(allNamespacesQuery)
  if (error && !data) {
    return (
      <Page title={text.title}>
        <Failed error={error} retry={() => void refetch()} />
      </Page>
    )
  }
  return <Page title={text.title}>{data ? <Overview namespaces={data} /> : <Loading rows={3} />}</Page>
}

function Overview({ namespaces }: { namespaces: Namespace[] }) {
  const { namespace, asOf } = useScope()
  const chosen = namespaces.filter(({ name }) => namespace === undefined || name === namespace)
  if (asOf !== undefined) {
    return (
      <div className="columns">
        <Past />
        <Feed />
      </div>
    )
  }
  if (countsOf(namespaces).services === 0) return <GettingStarted />
  if (namespace !== undefined && chosen.length === 0) return <NoNamespace name={namespace} />
  return (
    <>
      <Tiles counts={countsOf(chosen)} />
      <div className="columns">
        <Attention />
        <Feed />
      </div>
    </>
  )
}

function NoNamespace({ name }: { name: string }) {
  const { overview: text } = useText()
  return (
    <Empty title={text.noNamespace(name)} hint={text.noNamespaceHint}>
      <Link to="/" search={{ ns: undefined }}>
        {text.allNamespaces}
      </Link>
    </Empty>
  )
}

function Feed() {
  const { overview: text, changes } = useText()
  const { namespace, asOf } = useScope()
  const { data, error, refetch } = useQuery(newestChangesQuery({ namespace, page_size: FEED, ...upTo(asOf) }))
  return (
    <Panel title={text.feed} actions={<Link to="/changes">{text.allChanges}</Link>}>
      {error && !data && <Failed error={error} retry={() => void refetch()} />}
      {!error && !data && <Loading rows={5} />}
      {data?.items.length === 0 && <Empty title={changes.emptyTitle} />}
      {data && data.items.length > 0 && <ChangeList key={`${namespace} ${asOf}`} changes={data.items} hasSubject={false} />}
    </Panel>
  )
}
