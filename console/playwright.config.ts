import { defineConfig } from '@playwright/test'

/** Debian's browser; nothing is downloaded. */
const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium'

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  fullyParallel: true,
  workers: 2,
  timeout: 90_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  forbidOnly: true,
  use: {
    viewport: { width: 1280, height: 800 },
    launchOptions: { executablePath: chromium, args: ['--no-sandbox'] },
    locale: 'en-GB',
    permissions: ['clipboard-read', 'clipboard-write'],
    screenshot: 'only-on-failure',
  },
  projects: [
    { name: 'stories', testMatch: 'stories/*.spec.ts' },
    { name: 'axe', testMatch: 'axe.spec.ts', timeout: 240_000 },
    { name: 'screenshots', testMatch: 'screenshots.spec.ts', timeout: 240_000 },
  ],
})
