import { useText } from '../i18n/use-text'
import type { Clash } from '../rule/merge'
import { ClashChoice, type Side } from './clash-choice'
import type { Difference } from './overtake'

interface Props {
  revision: number
  taken: readonly Difference[]
  clashes: readonly Clash[]
  chosen: ReadonlyMap<string, Side>
  /** It was to be saved before all was decided. */
  isPressing: boolean
  /** What the parts of the thing are called, by the first key of their places. */
  names: Record<string, string>
  choose: (clash: Clash, side: Side) => void
}

const written = (value: unknown) => (value === undefined ? '∅' : JSON.stringify(value))

/** Says what somebody else saved meanwhile, and asks about what both changed. */
export function OvertakenNotice({ revision, taken, clashes, chosen, isPressing, names, choose }: Props) {
  const { forms: text } = useText()
  const nameOf = (path: string) => {
    const [, first = '', ...rest] = path.split('/')
    return [names[first] ?? first, ...rest].join(' / ')
  }
  return (
    <section className="notice stack-tight" role="alert">
      <p>{text.overtaken(revision)}</p>
      {taken.length > 0 && (
        <>
          <p>{text.taken}</p>
          <ul className="overtaken">
            {taken.map(({ path, before, after }) => (
              <li key={path}>
                {nameOf(path)} <code>{written(before)}</code> → <code>{written(after)}</code>
              </li>
            ))}
          </ul>
        </>
      )}
      {clashes.length > 0 && <p>{text.bothChanged(clashes.length)}</p>}
      {clashes.map((clash) => (
        <ClashChoice
          key={clash.path}
          clash={clash}
          name={nameOf(clash.path)}
          chosen={chosen.get(clash.path)}
          isMissing={isPressing && !chosen.has(clash.path)}
          choose={(side) => choose(clash, side)}
        />
      ))}
      <p>{text.saveAgain}</p>
    </section>
  )
}
