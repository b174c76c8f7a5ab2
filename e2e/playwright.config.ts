import { defineConfig } from '@playwright/test'
import { launchOptions } from './support/chromium.ts'

/** One Chromium and one suite of processes at a time. A test that fails now and then is a bug: nothing is retried. */
export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: { launchOptions, viewport: { width: 1000, height: 900 } },
})
