import { getRouteApi } from '@tanstack/react-router'
import { useEffect, useEffectEvent, useState } from 'react'
import { type Call, callOf, searchOf } from './call'

const route = getRouteApi('/simulator')

/** What is typed gets into the address after this long a pause. */
const PAUSE_MS = 250

interface Typed<Value> {
  typed: Value
  inForce: Value
  change: (value: Value) => void
}

/** The call as it is typed, and the one in the address, which follows. */
export function useTyped(): Typed<Call> {
  const navigate = route.useNavigate()
  return useTypedSearch(callOf(route.useSearch()), searchOf, (search) => void navigate({ search, replace: true }))
}

/** What is typed, and what an address says, which follows. */
export function useTypedSearch<Value>(inForce: Value, searchFor: (value: Value) => object, go: (search: object) => void): Typed<Value> {
  const textOf = (value: Value) => JSON.stringify(searchFor(value))
  const address = textOf(inForce)
  const goTo = useEffectEvent(go)
  const [typed, setTyped] = useState(inForce)
  const [known, setKnown] = useState(address)
  const [sent, setSent] = useState(address)
  if (address !== known) {
    setKnown(address)
    // The address changed by other means than typing.
    if (address !== sent) {
      setSent(address)
      setTyped(inForce)
    }
  }
  const text = textOf(typed)
  useEffect(() => {
    if (text === sent) return undefined
    const timer = setTimeout(() => {
      setSent(text)
      const { ns, as_of } = Object.fromEntries(new URLSearchParams(location.search))
      goTo({ ...(JSON.parse(text) as object), ns, as_of })
    }, PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text, sent])
  return { typed, inForce, change: setTyped }
}
