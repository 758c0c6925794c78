import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'
import { Menu } from '../ui/menu'
import { LiveIndicator } from './live-indicator'
import { NamespacePicker } from './namespace-picker'
import { setPreferences, usePreferences } from './preferences'
import { TimeTravel } from './time-travel'

interface Props {
  openPalette: () => void
  openHelp: () => void
}

const THEMES = ['light', 'dark', 'system'] as const
const THEME_ICONS = { light: 'sun', dark: 'moon', system: 'display' } as const

export function Header({ openPalette, openHelp }: Props) {
  const { header } = useText()
  const { theme, language } = usePreferences()
  return (
    <header className="bar-top">
      <NamespacePicker />
      <button type="button" className="finder" onClick={openPalette}>
        <Icon name="search" size={14} />
        <span className="finder-text">{header.findOrRun}</span>
        <kbd className="wide-only" aria-hidden="true">{navigator.platform.startsWith('Mac') ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      <span className="grow wide-only" />
      <LiveIndicator />
      <TimeTravel />
      <Button
        kind="ghost"
        icon="language"
        aria-label={header.switchLanguage}
        title={header.switchLanguage}
        onClick={() => setPreferences({ language: language === 'zh' ? 'en' : 'zh' })}
      />
      <Menu
        label={header.theme}
        icon={THEME_ICONS[theme]}
        items={THEMES.map((one) => ({
          label: header[one],
          isChosen: theme === one,
          run: () => setPreferences({ theme: one }),
        }))}
      />
      <Button
        kind="ghost"
        icon="keyboard"
        className="wide-only"
        aria-label={header.help}
        title={header.help}
        onClick={openHelp}
      />
    </header>
  )
}
