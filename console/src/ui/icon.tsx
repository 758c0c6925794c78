const PATHS = {
  overview: 'M2.500 13.500V8.500M6.200 13.500v-11M9.800 13.500V6.500M13.500 13.500V4',
  services: 'M8 1.800 14 5v6l-6 3.200L2 11V5ZM2 5l6 3.200L14 5M8 8.200v6',
  limits: 'M2 11.500a6 6 0 1 1 12 0M8 11.500l3-4.500M8 11.500h.01M2 13.500h12',
  simulator: 'M8 13.200A5.200 5.200 0 1 0 8 2.800a5.200 5.200 0 0 0 0 10.400ZM8 1v3.400M8 11.600V15M1 8h3.400M11.600 8H15M8 8v.01',
  changes: 'M2.500 8a5.500 5.500 0 1 0 1.700-4M2.500 2v3h3M8 5v3.200l2.200 1.500',
  namespaces: 'M2 4.500c0-1.400 2.700-2 6-2s6 .6 6 2-2.700 2-6 2-6-.6-6-2Zm0 0v7c0 1.400 2.700 2 6 2s6-.6 6-2v-7M2 8c0 1.400 2.700 2 6 2s6-.6 6-2',
  about: 'M8 14a6 6 0 1 0 0-12 6 6 0 0 0 0 12Zm0-3V7.500M8 5v.2',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.600-1.400L14 14',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-9v3.200l2 1.400',
  sun: 'M8 10.800a2.800 2.800 0 1 0 0-5.600 2.800 2.800 0 0 0 0 5.600ZM8 1.500v1.400M8 13.100v1.400M1.500 8h1.400M13.100 8h1.400M3.400 3.400l1 1M11.600 11.600l1 1M12.600 3.400l-1 1M4.400 11.600l-1 1',
  moon: 'M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7Z',
  display: 'M2 3h12v8H2ZM6 14h4M8 11v3',
  language: 'M2 3.500h7M5.500 2v1.500M8 3.500C7.500 6.500 5 8.800 2.500 9.800M3.300 5.500C4 7.300 5.700 8.900 8 9.800M7.500 14l3-7 3 7M8.500 11.800h4',
  close: 'm4 4 8 8M12 4l-8 8',
  copy: 'M5.500 5.500h8v8h-8ZM10.500 5.500v-3h-8v8h3',
  check: 'm3 8.500 3.200 3.200L13 5',
  down: 'm4 6 4 4 4-4',
  left: 'm10 4-4 4 4 4',
  right: 'm6 4 4 4-4 4',
  plus: 'M8 3v10M3 8h10',
  more: 'M3.500 8h.01M8 8h.01M12.500 8h.01',
  warning: 'M8 2 14.500 13.500h-13ZM8 6.500v3.300M8 11.700v.1',
  keyboard: 'M1.500 4h13v8h-13ZM4 6.500h.1M6.500 6.500h.1M9 6.500h.1M11.700 6.500h.1M5 9.500h6',
  grip: 'M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01',
  up: 'm4 10 4-4 4 4',
  routing: 'M2.500 8h3.500c2.500 0 2.500-4 5-4h2.500M6 8c2.500 0 2.500 4 5 4h2.500M11.500 2l2 2-2 2M11.500 10l2 2-2 2',
  nearby: 'M8 14s4.500-4.200 4.500-7.500a4.500 4.500 0 0 0-9 0C3.500 9.800 8 14 8 14Zm0-6a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3Z',
  lock: 'M4 7.500h8v6H4ZM5.500 7.500V5a2.500 2.500 0 0 1 5 0v2.500',
  unlock: 'M4 7.500h8v6H4ZM5.500 7.500V5a2.500 2.500 0 0 1 4.800-1',
  download: 'M8 2v8M4.800 7 8 10.200 11.200 7M2.500 13.500h11',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  const weight = name === 'more' || name === 'grip' ? 2.4 : 1.5
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" fill="none" aria-hidden="true">
      <path d={PATHS[name]} stroke="currentColor" strokeWidth={weight} strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  )
}
