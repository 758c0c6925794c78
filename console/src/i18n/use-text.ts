import { usePreferences } from '../shell/preferences'
import type { Dictionary } from './en'
import { en } from './en'
import { zh } from './zh'

const dictionaries: Record<'en' | 'zh', Dictionary> = { en, zh }

/** The words of the console in the language that is chosen. */
export function useText(): Dictionary {
  return dictionaries[usePreferences().language]
}
