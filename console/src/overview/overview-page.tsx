import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ChangeList } from '../changes/change-list'
import { newestChangesQuery, upTo } from '../changes/queries'
import { useText } from '../i18n/use-text'
import { namespaceChoices } from '../namespaces/queries'
import { useScope } from '../shell/scope'
import { Page, Panel } from '../ui/page'
import { Empty, Failed, Loading } from '../ui/states'
import { Attention } from './attention'
import { countsOf } from './counts'
import { GettingStarted } from './getting-started'
import { Tiles } from './tiles'

const FEED = 14

/** What is wrong now, and what just happened. */
export function OverviewPage() {
  const { overview: text } = useText()
  const { namespace, asOf } = useScope()
  const { data, error, refetch } = useQuery(namespaceChoices)
  if (error && !data) {
    return (
      <Page title={text.title}>
        <Failed error={error} retry={() => void refetch()} />
      </Page>
    )
  }
  const chosen = data?.items.filter(({ name }) => namespace === undefined || name === namespace)
  const counts = chosen && countsOf(chosen)
  const isEmpty = counts && counts.services === 0
  return (
    <Page title={text.title}>
      {!counts && <Loading rows={3} />}
      {isEmpty && asOf === undefined && <GettingStarted />}
      {counts && !isEmpty && asOf === undefined && <Tiles counts={counts} />}
      {counts && (!isEmpty || asOf !== undefined) && (
        <div className="columns">
          {asOf === undefined && <Attention />}
          <Feed />
        </div>
      )}
    </Page>
  )
}

function Feed() {
  const { overview: text, changes } = useText()
  const { namespace, asOf } = useScope()
  const { data, error, refetch } = useQuery(newestChangesQuery({ namespace, page_size: FEED, ...upTo(asOf) }))
  return (
    <Panel title={text.feed} actions={<Link to="/changes">{text.allChanges}</Link>}>
      {error && !data && <Failed error={error} retry={() => void refetch()} />}
      {data?.items.length === 0 && <Empty title={changes.emptyTitle} />}
      {data && data.items.length > 0 && <ChangeList key={`${namespace} ${asOf}`} changes={data.items} hasSubject={false} />}
    </Panel>
  )
}
