import { useLayoutEffect, useMemo, useRef } from 'react'
import { useText } from '../i18n/use-text'
import { diffLines } from '../ui/diff'
import { sideBySide } from './side-by-side'

interface Side {
  title: string
  value: unknown
}

interface Props {
  label: string
  before: Side
  after: Side
}

const CLASSES = { before: 'line-removed', after: 'line-added' } as const

/** Two JSON values side by side; what differs is marked by a sign and by colour. */
export function Comparison({ label, before, after }: Props) {
  const { rules: text } = useText()
  const rows = useMemo(() => sideBySide(diffLines(before.value, after.value)), [before.value, after.value])
  const at = rows.findIndex(({ isChanged }) => isChanged)
  const region = useRef<HTMLDivElement>(null)
  // What is different is in sight from the beginning.
  useLayoutEffect(() => {
    const around = region.current
    const first = around?.querySelectorAll<HTMLElement>('tbody tr')[at]
    if (!around || !first) return undefined
    // A dialog around it is laid out only once it is open.
    const laidOut = new ResizeObserver(() => {
      if (around.clientHeight === 0) return
      around.scrollTop = Math.max(0, first.offsetTop - around.clientHeight / 3)
      laidOut.disconnect()
    })
    laidOut.observe(around)
    return () => laidOut.disconnect()
  }, [at])
  if (at < 0) return <p className="muted">{text.noDifference}</p>
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
    <div ref={region} className="code sides" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{before.title}</th>
            <th scope="col">{after.title}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ left, right, isChanged }, index) => (
            // oxlint-disable-next-line react/no-array-index-key -- lines have no other name
            <tr key={index} className={isChanged ? 'side-changed' : undefined}>
              <Half side="before" text={left} isChanged={isChanged} />
              <Half side="after" text={right} isChanged={isChanged} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Half({ side, text, isChanged }: { side: keyof typeof CLASSES; text: string | undefined; isChanged: boolean }) {
  const isMarked = isChanged && text !== undefined
  const sign = isMarked ? { before: '-', after: '+' }[side] : ' '
  return (
    <td className={`side-${side} ${isMarked ? CLASSES[side] : ''} ${text === undefined ? 'side-nothing' : ''}`}>
      {text !== undefined && <span className="code-sign">{sign}</span>}
      {text}
    </td>
  )
}
