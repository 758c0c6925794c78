import { useState } from 'react'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { toast, toastError } from '../ui/toast'
import { allChanges, type ChangesQuery } from './queries'

/** Saves every change that a query finds as a file, one JSON value a line, newest first. */
export function ExportButton({ query }: { query: ChangesQuery }) {
  const { changes: text } = useText()
  const [done, setDone] = useState<number | null>(null)
  async function save() {
    setDone(0)
    try {
      const parts: string[] = []
      let count = 0
      for await (const changes of allChanges(query)) {
        parts.push(...changes.map((change) => `${JSON.stringify(change)}\n`))
        count += changes.length
        setDone(count)
      }
      download(new Blob(parts, { type: 'application/x-ndjson' }), 'merak-changes.ndjson')
      toast(text.exported(count))
    } catch (error) {
      toastError(error instanceof Error ? error.message : String(error))
    }
    setDone(null)
  }
  return (
    <Button icon="download" disabled={done !== null} onClick={() => void save()}>
      {done === null ? text.export : text.exporting(done)}
    </Button>
  )
}

function download(content: Blob, name: string) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
