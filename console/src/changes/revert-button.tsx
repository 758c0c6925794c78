import { useMutation } from '@tanstack/react-query'
import { type Change, ifMatch } from '../api/client'
import { Problem } from '../api/problem'
import { told } from '../i18n/told'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { toast, toastError } from '../ui/toast'
import { type Reversal, reversalOf } from './reversal'
import { summarize } from './summary'

/** Takes a change back, unless something changed since. */
export function RevertButton({ change }: { change: Change }) {
  const text = useText()
  const reversal = reversalOf(change)
  const revert = useMutation({
    mutationFn: send,
    onSuccess: () => toast(text.changes.reverted(summarize(change, text))),
    onError: (error) => {
      const isLate = error instanceof Problem && (error.status === 412 || error.status === 404)
      toastError(isLate ? text.changes.revertLate : told(error, text))
    },
  })
  if (!reversal) return null
  return (
    <Button disabled={revert.isPending} onClick={() => revert.mutate(reversal)}>
      {text.changes.revert}
    </Button>
  )
}

async function send({ method, path, body, revision }: Reversal) {
  const headers = new Headers(revision === undefined ? { 'if-none-match': '*' } : ifMatch(revision))
  if (body) headers.set('content-type', 'application/json')
  const request = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) }
  const response = await fetch(path, request).catch((cause: unknown) => {
    throw Problem.offline(cause)
  })
  if (!response.ok) throw Problem.answered(response, await response.json().catch(() => undefined))
}
