import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { budget, dropUnusedInertia, precompress } from './build/plugins.ts'

// The Rust server renders every page. In development its HTML points here for
// scripts, so this origin must answer cross-origin module requests from it.
const pageOrigins = [/^http:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/]

export default defineConfig({
  plugins: [react(), dropUnusedInertia(), budget(120), precompress()],
  base: '/',
  publicDir: false,
  build: {
    outDir: 'dist',
    assetsDir: 'assets',
    manifest: true,
    rolldownOptions: {
      input: 'src/entrypoints/inertia.tsx',
      treeshake: { manualPureFunctions: ['forwardRef', 'forwardRef2', 'forwardRef3', 'createContext3'] },
      output: {
        // Changes with our dependencies only, so browsers keep it over many releases of the app.
        codeSplitting: { groups: [{ name: 'vendor', test: /node_modules/ }] },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    strictPort: true,
    origin: 'http://127.0.0.1:5173',
    cors: { origin: pageOrigins },
  },
  test: {
    include: ['tests/**/*.test.{ts,tsx}'],
    setupFiles: ['tests/support/setup.ts'],
    restoreMocks: true,
    // Only a test that fails waits for so long. Some machines are slow, and do something else beside.
    testTimeout: 60_000,
  },
})
