import { useSyncExternalStore } from 'react'

/** What a browser remembers of its user: the language and the theme. */
export interface Preferences {
  language: 'en' | 'zh'
  theme: 'light' | 'dark' | 'system'
}

const KEY = 'merak.preferences'
const listeners = new Set<() => void>()
const systemDark = matchMedia('(prefers-color-scheme: dark)')
let preferences = read()

function read(): Preferences {
  const chosen: Partial<Record<keyof Preferences, unknown>> = parse(localStorage.getItem(KEY))
  const language = navigator.language.startsWith('zh') ? 'zh' : 'en'
  return {
    language: chosen.language === 'zh' || chosen.language === 'en' ? chosen.language : language,
    theme: chosen.theme === 'light' || chosen.theme === 'dark' ? chosen.theme : 'system',
  }
}

function parse(text: string | null): object {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

/** Shows the page in the chosen language and theme; to be called before the first paint. */
export function applyPreferences() {
  const isDark = preferences.theme === 'dark' || (preferences.theme === 'system' && systemDark.matches)
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light'
  document.documentElement.lang = preferences.language === 'zh' ? 'zh-CN' : 'en'
}

systemDark.addEventListener('change', applyPreferences)

export function setPreferences(change: Partial<Preferences>) {
  preferences = { ...preferences, ...change }
  localStorage.setItem(KEY, JSON.stringify(preferences))
  applyPreferences()
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, () => preferences)
}
