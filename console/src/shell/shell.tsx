import { Link, Outlet } from '@tanstack/react-router'
import { useState } from 'react'
import { useText } from '../i18n/use-text'
import { useLiveQueries } from '../live/use-live'
import { Icon, type IconName } from '../ui/icon'
import { Anyway } from '../rule/anyway'
import { Links } from '../ui/links'
import { Toasts } from '../ui/toast'
import { Header } from './header'
import { Help } from './help'
import { useKeys } from './keys'
import { OfflineBanner } from './offline-banner'
import { Palette } from './palette'
import { NoMomentPage } from './outcome-pages'
import { PastBanner } from './past-banner'
import { useScope } from './scope'

const PAGES = [
  ['/', 'overview'],
  ['/services', 'services'],
  ['/routing-rules', 'routing'],
  ['/nearby-rules', 'nearby'],
  ['/rate-limit-rules', 'limits'],
  ['/simulator', 'simulator'],
  ['/changes', 'changes'],
  ['/namespaces', 'namespaces'],
  ['/about', 'about'],
] as const satisfies readonly (readonly [string, IconName])[]

/** What is around every page. */
export function Shell() {
  const { nav } = useText()
  const { notMoment } = useScope()
  const [open, setOpen] = useState<'palette' | 'help' | null>(null)
  useLiveQueries()
  useKeys(setOpen)
  return (
    <div className="shell">
      <a className="skip" href="#main">
        {nav.skip}
      </a>
      <aside className="side">
        <Link to="/" className="brand">
          <img src="/favicon.svg" alt="" />
          <span translate="no">{'Merak'}</span>
        </Link>
        <Links className="nav" label={nav.main}>
          {PAGES.map(([to, page]) => (
            <Link key={to} to={to} activeOptions={{ exact: to === '/', includeSearch: false }}>
              <Icon name={page} />
              {nav[page]}
            </Link>
          ))}
        </Links>
      </aside>
      <Header openPalette={() => setOpen('palette')} openHelp={() => setOpen('help')} />
      <main id="main" className="main" tabIndex={-1}>
        <PastBanner />
        <OfflineBanner />
        {notMoment === undefined ? <Outlet /> : <NoMomentPage given={notMoment} />}
      </main>
      {open === 'palette' && <Palette onClose={() => setOpen(null)} />}
      {open === 'help' && <Help onClose={() => setOpen(null)} />}
      <Anyway />
      <Toasts />
    </div>
  )
}
