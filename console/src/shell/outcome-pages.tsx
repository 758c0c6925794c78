import { Link } from '@tanstack/react-router'
import { useText } from '../i18n/use-text'
import { Page } from '../ui/page'
import { Empty, Failed } from '../ui/states'

export function NotFoundPage() {
  const { states } = useText()
  return (
    <Page title={states.notFound}>
      <Empty title={states.notFoundHint}>
        <Link to="/">{states.home}</Link>
      </Empty>
    </Page>
  )
}

/** What is left when a defect of the console ended a page. */
export function CrashPage({ error, reset }: { error: unknown; reset: () => void }) {
  const { states } = useText()
  return (
    <main className="main">
      <Page title={states.crashed}>
        <Failed error={error} retry={reset} />
      </Page>
    </main>
  )
}
