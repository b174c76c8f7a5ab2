import { expect, test } from '../support/fixtures.ts'

interface Asset {
  path: string
  encoding: string | undefined
  cache: string | undefined
  vary: string | undefined
  size: number
}

test('scripts and styles come compressed, may be kept for ever, and are all used', async ({ visitor, suite }) => {
  const page = await visitor.context.newPage()
  const assets: Promise<Asset>[] = []
  page.on('response', (response) => {
    const { pathname } = new URL(response.url())
    if (!pathname.startsWith('/assets/')) return
    assets.push(
      response.allHeaders().then(async (headers) => ({
        path: pathname,
        encoding: headers['content-encoding'],
        cache: headers['cache-control'],
        vary: headers['vary'],
        size: (await response.body()).length,
      })),
    )
  })
  await page.goto(`${suite.url}/todos`)
  await expect(page.getByRole('status')).toHaveText('Live')
  const loaded = await Promise.all(assets)
  expect(loaded.map(({ path }) => path.replace(/-[\w-]{8}(?=\.\w+$)/, '')).sort()).toEqual([
    '/assets/inertia.css',
    '/assets/inertia.js',
    '/assets/rolldown-runtime.js',
    '/assets/vendor.js',
  ])
  for (const { path, encoding, cache, vary, size } of loaded) {
    expect(cache, path).toBe('public, max-age=31536000, immutable')
    expect(vary, path).toMatch(/accept-encoding/i)
    // The smallest is smaller than the headers that would tell of its compression.
    if (size > 1_000) expect(encoding, path).toMatch(/^(br|zstd|gzip)$/)
  }
})

test('the page names all modules that its entry imports, and each is loaded once', async ({ visitor, suite }) => {
  const page = await visitor.context.newPage()
  const modules: string[] = []
  page.on('request', (request) => request.url().endsWith('.js') && modules.push(request.url()))
  await page.goto(`${suite.url}/todos`)
  await expect(page.getByRole('status')).toHaveText('Live')
  const named = await page
    .locator('link[rel=modulepreload], script[type=module]')
    .evaluateAll((tags) => tags.map((tag) => (tag as HTMLLinkElement).href || (tag as HTMLScriptElement).src))
  expect(named.length).toBeGreaterThan(1)
  // The fixture fails the test if the browser warns of a preload in vain.
  expect(modules.sort()).toEqual(named.sort())
})
