import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

/** Puts `x.gz` beside each file `x` of the build that becomes smaller, for the server to send. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    writeBundle({ dir = 'dist' }) {
      for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
        const file = join(dir, name)
        if (!statSync(file).isFile()) continue
        const plain = readFileSync(file)
        const gzip = gzipSync(plain, { level: 9 })
        if (gzip.length < plain.length * 0.9) writeFileSync(`${file}.gz`, gzip)
      }
    },
  }
}

export default defineConfig({
  plugins: [react(), compressed()],
  // The policy of the server allows nothing inline.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2023' },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/metrics', '/healthz', '/readyz', '/openapi.json'].map((path) => [
        path,
        process.env.MERAK ?? 'http://127.0.0.1:8090',
      ]),
    ),
  },
  // No test measures time: the limit only ends one that hangs.
  test: { include: ['src/**/*.test.ts'], testTimeout: 60_000 },
})
