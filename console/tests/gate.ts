/** What waits until it is let through. */
export interface Gate {
  passed: Promise<void>
  letGo: () => void
}

export function gate(): Gate {
  const opened = new AbortController()
  const passed = new Promise<void>((resolve) => {
    opened.signal.addEventListener('abort', () => resolve())
  })
  return { passed, letGo: () => opened.abort() }
}
