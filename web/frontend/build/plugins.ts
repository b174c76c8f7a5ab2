import { gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'
import { compressFiles } from './compress.ts'

/**
 * Inertia's package is one module whose components (Form, Link, InfiniteScroll, ...)
 * get names for the devtools when it is loaded. That counts as using them, and keeps
 * 11 kB (gzip) of them in the bundle that nobody calls. Without the names they can go.
 */
export function dropUnusedInertia(): Plugin {
  return {
    name: 'drop-unused-inertia',
    apply: 'build',
    transform: {
      filter: { id: /@inertiajs\/react\/dist\/index\.js/ },
      handler: (code) => ({ code: code.replace(/^\w+\.displayName = .*;$/gm, ''), map: null }),
    },
  }
}

/** Fails the build for production when all scripts together exceed so many kB (gzip). */
export function budget(kilobytes: number): Plugin {
  return {
    name: 'budget',
    apply: (_config, { command, mode }) => command === 'build' && mode === 'production',
    generateBundle(_options, bundle) {
      const scripts = Object.values(bundle).flatMap((output) => (output.type === 'chunk' ? output.code : []))
      const size = scripts.reduce((sum, code) => sum + gzipSync(code).length, 0) / 1000
      const report = `scripts: ${size.toFixed(1)} kB gzip of ${kilobytes} kB`
      if (size > kilobytes) this.error(report)
      this.info(report)
    },
  }
}

/** Writes each asset once more for every encoding that makes it smaller, so that the server need not. */
export function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    // What is on the disk is what will be served: no other plugin changes it after that.
    async writeBundle({ dir }, bundle) {
      if (dir) await compressFiles(dir, Object.keys(bundle))
    },
  }
}
