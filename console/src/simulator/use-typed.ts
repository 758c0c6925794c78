import { getRouteApi } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { type Call, callOf, searchOf } from './call'

const route = getRouteApi('/simulator')

/** What is typed gets into the address after this long a pause. */
const PAUSE_MS = 250

const textOf = (call: Call) => JSON.stringify(searchOf(call))

/** The call as it is typed, and the one in the address, which follows. */
export function useTyped(): { typed: Call; inForce: Call; change: (call: Call) => void } {
  const inForce = callOf(route.useSearch())
  const address = textOf(inForce)
  const navigate = route.useNavigate()
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
      void navigate({ search: { ...(JSON.parse(text) as object), ns, as_of }, replace: true })
    }, PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text, sent, navigate])
  return { typed, inForce, change: setTyped }
}
