import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { focusFirstRow } from '../ui/rows'

/** After `g`, the letter of a page. */
export const GO = [
  ['o', '/', 'overview'],
  ['s', '/services', 'services'],
  ['r', '/routing-rules', 'routing'],
  ['y', '/nearby-rules', 'nearby'],
  ['l', '/rate-limit-rules', 'limits'],
  ['w', '/simulator', 'simulator'],
  ['c', '/changes', 'changes'],
  ['n', '/namespaces', 'namespaces'],
  ['a', '/about', 'about'],
] as const

const GO_MS = 1_000

function isTyping(target: EventTarget | null) {
  return target instanceof HTMLElement && target.closest('input, textarea, select, dialog') !== null
}

/** Whether nothing on the page has the focus. */
function isNowhere(target: EventTarget | null) {
  return target === document.body || (target instanceof HTMLElement && target.id === 'main')
}

/** The keys that work on every page. */
export function useKeys(open: (what: 'palette' | 'help') => void) {
  const navigate = useNavigate()
  useEffect(() => {
    let goAt = 0
    function press(event: KeyboardEvent) {
      if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault()
        open('palette')
        return
      }
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return
      const page = GO.find(([letter]) => letter === event.key)
      if (page && event.timeStamp - goAt < GO_MS) void navigate({ to: page[1] })
      goAt = event.key === 'g' ? event.timeStamp : 0
      if (event.key === '?') open('help')
      if (event.key === 'ArrowDown' && isNowhere(event.target) && focusFirstRow()) event.preventDefault()
      const search = event.key === '/' ? document.querySelector<HTMLElement>('.search input') : null
      if (search) {
        event.preventDefault()
        search.focus()
      }
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [navigate, open])
}
