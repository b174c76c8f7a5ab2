import { defineConfig } from '@playwright/test'
import { launchOptions } from './support/chromium.ts'

/** One Chromium and one suite of processes at a time. A test that fails now and then is a bug: nothing is retried. */
export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  workers: 1,
  retries: 0,
  forbidOnly: true,
  // Only a test that fails waits for so long. Some machines are slow, and do something else beside.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: 'list',
  use: { launchOptions, viewport: { width: 1000, height: 900 } },
})
