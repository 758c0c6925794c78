import { useSyncExternalStore } from 'react'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { type FailingTest, FailingTests } from './failing-tests'

interface Question {
  name: string
  failing: FailingTest[]
  decide: (isAnyway: boolean) => void
}

const listeners = new Set<() => void>()
let question: Question | null = null

function become(next: Question | null) {
  question = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Asks whether a change that fails tests is to be made nevertheless. */
export function askAnyway(name: string, failing: FailingTest[]): Promise<boolean> {
  question?.decide(false)
  return new Promise((resolve) => {
    become({
      name,
      failing,
      decide: (isAnyway) => {
        become(null)
        resolve(isAnyway)
      },
    })
  })
}

/** The question that is asked now, wherever the change was made. */
export function Anyway() {
  const { tests: text, actions } = useText()
  const asked = useSyncExternalStore(subscribe, () => question)
  if (!asked) return null
  const { name, failing, decide } = asked
  return (
    <Dialog title={text.anywayTitle(name)} onClose={() => decide(false)}>
      <p>{text.anywayHint}</p>
      <FailingTests tests={failing} />
      <div className="form-foot">
        <Button kind="primary" onClick={() => decide(false)}>
          {actions.cancel}
        </Button>
        <Button kind="danger" onClick={() => decide(true)}>
          {text.anyway}
        </Button>
      </div>
    </Dialog>
  )
}
