import { createContext, use, useEffect } from 'react'

/** What is wrong at which place, by JSON pointer; `''` is for what has no place. */
export type Faults = Readonly<Record<string, string>>

interface FaultBoard {
  faults: Faults
  /** Says, or no longer says, what the page itself cannot read at a place. */
  report: (pointer: string, fault: string | undefined) => void
}

export const FaultContext = createContext<FaultBoard>({ faults: {}, report: () => undefined })

/** What is wrong at a place, and deeper in it where nothing shows it. */
export function useFault(pointer: string, isDeep = false): string | undefined {
  const { faults } = use(FaultContext)
  const deep = isDeep ? Object.keys(faults).find((one) => one.startsWith(`${pointer}/`)) : undefined
  return faults[pointer] ?? (deep === undefined ? undefined : faults[deep])
}

/** Reports what cannot be read at a place for as long as it is there. */
export function useReport(pointer: string, fault: string | undefined) {
  const { report } = use(FaultContext)
  useEffect(() => {
    if (fault === undefined) return undefined
    report(pointer, fault)
    return () => report(pointer, undefined)
  }, [pointer, fault, report])
}

/** Brings the reader to the field at a place, or to the nearest one around it. */
export function goTo(pointer: string) {
  for (let place = pointer; ; place = place.slice(0, place.lastIndexOf('/'))) {
    const found = document.querySelector<HTMLElement>(`[data-at="${CSS.escape(place)}"]`)
    const field = found?.matches('input, select, textarea, button') ? found : found?.querySelector<HTMLElement>('input, select, textarea, button')
    if (field) {
      field.focus()
      field.scrollIntoView({ block: 'center' })
      return
    }
    if (place === '') return
  }
}

/** A key as a part of a JSON pointer. */
export const pointerTo = (...parts: (string | number)[]) =>
  parts.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
