import { type ReactNode, useState } from 'react'
import type { Clash } from '../rule/merge'
import type { Side } from './clash-choice'
import { overtake, withPart, type Overtaken as Merged } from './overtake'
import { OvertakenNotice } from './overtaken-notice'

interface Notice<Spec> extends Merged<Spec> {
  revision: number
}

interface Options<Spec> {
  /** What is typed now; none while that cannot be read. */
  read: () => Spec | undefined
  show: (spec: Spec) => void
  /** What the parts of the thing are called, by the first key of their places. */
  names: Record<string, string>
}

interface Overtaking<Spec> {
  /** Takes over what somebody else made of the thing, as far as I left it alone. */
  begin: (base: Spec, mine: Spec, theirs: Spec, revision: number) => void
  /** Whether everything is decided; says what is not. */
  isDecided: () => boolean
  /** Grows each time that something was not. */
  refusals: number
  notice: ReactNode
}

/** What becomes of a form when somebody else was faster: nothing of either is replaced without being asked for. */
export function useOvertaken<Spec extends object>({ read, show, names }: Options<Spec>): Overtaking<Spec> {
  const [found, setFound] = useState<Notice<Spec> | null>(null)
  const [chosen, setChosen] = useState<ReadonlyMap<string, Side>>(new Map())
  const [refusals, setRefusals] = useState(0)

  function choose({ path, ...sides }: Clash, side: Side) {
    const now = read()
    if (!now) return
    show(withPart(now, path, sides[side]))
    setChosen(new Map(chosen).set(path, side))
  }
  return {
    begin(base, mine, theirs, revision) {
      const merged = overtake(base, mine, theirs)
      show(merged.spec)
      setFound({ ...merged, revision })
      setChosen(new Map())
      setRefusals(0)
    },
    isDecided() {
      const isDecided = found === null || found.clashes.every(({ path }) => chosen.has(path))
      if (!isDecided) setRefusals((count) => count + 1)
      return isDecided
    },
    refusals,
    notice: found && (
      <OvertakenNotice {...found} chosen={chosen} isPressing={refusals > 0} names={names} choose={choose} />
    ),
  }
}
