import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import type { Plugin } from 'vite'

// The Rust server renders every page. In development its HTML points here for
// scripts, so this origin must answer cross-origin module requests from it.
const pageOrigins = ['http://localhost:3000', 'http://127.0.0.1:3000']

export default defineConfig({
  plugins: [react(), dropUnusedInertia()],
  base: '/',
  publicDir: false,
  build: {
    outDir: 'dist',
    assetsDir: 'assets',
    manifest: true,
    rolldownOptions: {
      input: 'src/entrypoints/inertia.tsx',
      treeshake: { manualPureFunctions: ['forwardRef', 'forwardRef2', 'forwardRef3', 'createContext3'] },
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
  },
})

/**
 * Inertia's package is one module whose components (Form, Link, InfiniteScroll, ...)
 * get names for the devtools when it is loaded. That counts as using them, and keeps
 * 11 kB (gzip) of them in the bundle that nobody calls. Without the names they can go.
 */
function dropUnusedInertia(): Plugin {
  return {
    name: 'drop-unused-inertia',
    apply: 'build',
    transform: {
      filter: { id: /@inertiajs\/react\/dist\/index\.js/ },
      handler: (code) => ({ code: code.replace(/^\w+\.displayName = .*;$/gm, ''), map: null }),
    },
  }
}
