import { Link } from '@tanstack/react-router'
import { useText } from '../i18n/use-text'
import { Links } from '../ui/links'
import { type Call, searchOf } from './call'

const EXACT = { exact: true, includeSearch: false }

/** What can be asked of a call; it stays the same, but for a draft of one kind of rule. */
export function SimulatorTabs({ call }: { call: Call }) {
  const { simulator: text, limitSimulator: words } = useText()
  const search = searchOf({ ...call, draft: '', instance: '', seed: '' })
  return (
    <Links className="tabs" label={text.title}>
      <Link to="/simulator" search={search} activeOptions={EXACT}>
        {words.routes}
      </Link>
      <Link to="/simulator/rate-limits" search={search} activeOptions={EXACT}>
        {words.limits}
      </Link>
    </Links>
  )
}
