import { defineConfig } from '@playwright/test'
import tests from './playwright.config.ts'

/** Writes the pictures of docs/screenshots. */
export default defineConfig(tests, { testDir: 'screenshots' })
