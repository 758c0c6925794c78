import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import type { CallDocument } from './call'
import type { Simulated } from './command'
import type { Draft } from './draft'
import type { Explanation } from './explanation'
import { simulationQuery } from './queries'

/** How often instances are drawn, to see what chance does. */
export const DRAWS = 1_000

export interface Simulation {
  /** What is asked, with the draft if there is one. */
  asked: Simulated | undefined
  live: UseQueryResult<Explanation>
  draft: UseQueryResult<Explanation>
  hasDraft: boolean
  /** Whether what is shown is still the answer to what was asked before. */
  isWaiting: boolean
}

/** A call tried by the rules that are in force, and with a draft beside them. */
export function useSimulation(request: CallDocument | undefined, draft: Draft | undefined, seed: number, asOf: string | undefined): Simulation {
  const plain = request && { request, seed, draws: DRAWS }
  const live = useQuery({ ...simulationQuery(plain, asOf), enabled: plain !== undefined })
  const drafted = plain && draft && { ...plain, draft }
  const withDraft = useQuery({ ...simulationQuery(drafted, asOf), enabled: drafted !== undefined })
  return {
    asked: drafted ?? plain,
    live,
    draft: withDraft,
    hasDraft: draft !== undefined,
    isWaiting: live.isFetching || withDraft.isFetching,
  }
}
