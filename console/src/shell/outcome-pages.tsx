import { Link, useNavigate } from '@tanstack/react-router'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
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

/** Instead of any page, when the address asks for the past by something that is no moment. */
export function NoMomentPage({ given }: { given: string }) {
  const { states, time } = useText()
  const navigate = useNavigate()
  return (
    <Page title={states.noMoment}>
      <div role="alert">
        <Empty title={states.noMomentHint(given)}>
          <Button kind="primary" onClick={() => void navigate({ to: '.', search: (now) => ({ ...now, as_of: undefined }) })}>
            {time.back}
          </Button>
        </Empty>
      </div>
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
        <p>
          {/* A new document: what crashed may be in any part of this one. */}
          <a href="/">{states.home}</a>
        </p>
      </Page>
    </main>
  )
}
