import { useLocation } from '@tanstack/react-router'
import { type ReactNode, useLayoutEffect, useRef } from 'react'

interface Props {
  label: string
  className: string
  children: ReactNode
}

/** Links side by side; where they are wider than the page, the current one is scrolled into sight. */
export function Links({ label, className, children }: Props) {
  const { href } = useLocation()
  const root = useRef<HTMLElement>(null)
  useLayoutEffect(() => {
    const current = root.current?.querySelector('[aria-current=page]')
    if (!root.current || !current) return
    const [around, one] = [root.current.getBoundingClientRect(), current.getBoundingClientRect()]
    root.current.scrollLeft += one.left + one.width / 2 - around.left - around.width / 2
    // oxlint-disable-next-line react/exhaustive-deps, react/exhaustive-effect-dependencies -- what is current depends on the address
  }, [href])
  return (
    <nav ref={root} className={className} aria-label={label}>
      {children}
    </nav>
  )
}
