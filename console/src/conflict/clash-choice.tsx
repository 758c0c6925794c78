import { useText } from '../i18n/use-text'
import type { Clash } from '../rule/merge'

export type Side = 'mine' | 'theirs'

interface Props {
  clash: Clash
  /** What the part is called; its place in the document where it has no name. */
  name?: string
  /** Whose is taken; none until that was decided. */
  chosen: Side | undefined
  /** It should have been decided by now. */
  isMissing?: boolean
  choose: (side: Side) => void
}

const written = (value: unknown) => (value === undefined ? '∅' : JSON.stringify(value))

/** One part that two people changed: whose is taken. Nothing is decided for them. */
export function ClashChoice({ clash, name, chosen, isMissing = false, choose }: Props) {
  const { rules: text, forms } = useText()
  return (
    <fieldset className="clash">
      <legend>{name ?? <code>{clash.path}</code>}</legend>
      {(['theirs', 'mine'] as const).map((side) => (
        <label key={side} className="row">
          <input
            type="radio"
            name={`clash${clash.path}`}
            data-missing={isMissing || undefined}
            checked={chosen === side}
            onChange={() => choose(side)}
          />
          <span>{side === 'mine' ? text.yours : text.theirsShort}</span>
          <code className="clip">{written(clash[side])}</code>
        </label>
      ))}
      {isMissing && <p className="field-fault">{forms.choose}</p>}
    </fieldset>
  )
}
