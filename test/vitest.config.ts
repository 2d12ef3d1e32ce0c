import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { LIMITS } from './limits.ts'

const config: ViteUserConfig = defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    // These have runners of their own.
    exclude: ['test/browser/**', 'test/runtimes/**', '**/node_modules/**'],
    passWithNoTests: false,
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/tally-reporter.ts'],
    pool: 'forks',
    maxWorkers: 2,
    ...LIMITS,
  },
})
export default config
