/** What can be done on the page at hand, and where; rows of lists come last. */
const HEAD = '.page-head :is(button, a.button), .tools button, .tabs a'
const ROWS = 'tbody button[aria-label], tbody a, .rules > li a, .editor-foot button'

export interface PageAction {
  label: string
  /** Whether it is of the page as a whole. */
  isOfPage: boolean
  run: () => void
}

const nameOf = (one: HTMLElement) => (one.getAttribute('aria-label') ?? one.textContent).trim()

/** Every button and tab of the page that can be used now, by its name. */
export function pageActions(page: ParentNode | null): PageAction[] {
  const actions = new Map<string, PageAction>()
  for (const [selector, isOfPage] of [[HEAD, true], [ROWS, false]] as const) {
    for (const one of page?.querySelectorAll<HTMLElement>(selector) ?? []) {
      const label = nameOf(one)
      const isUsable = label !== '' && !one.matches(':disabled, [aria-current]') && one.checkVisibility()
      if (isUsable && !actions.has(label)) actions.set(label, { label, isOfPage, run: () => one.click() })
    }
  }
  return [...actions.values()]
}
