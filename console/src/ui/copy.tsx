import { useState } from 'react'
import { useText } from '../i18n/use-text'
import { Button } from './button'
import { useCopy } from './use-copy'

/** Copies a text; says so for two seconds. */
export function Copy({ text, label }: { text: string; label?: string }) {
  const { actions } = useText()
  const put = useCopy()
  const [isCopied, setCopied] = useState(false)
  async function copy() {
    if (!(await put(text))) return
    setCopied(true)
    setTimeout(() => setCopied(false), 2_000)
  }
  const name = isCopied ? actions.copied : (label ?? actions.copy)
  return (
    <Button kind="ghost" icon={isCopied ? 'check' : 'copy'} aria-label={name} title={name} onClick={() => void copy()} />
  )
}

/** A command, to be copied. */
export function Command({ text }: { text: string }) {
  return (
    <div className="command">
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>{text}</pre>
      <Copy text={text} />
    </div>
  )
}
