import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test as base } from '@playwright/test'
import { certificateIn } from '../support/certificate.ts'
import type { Program } from '../support/program.ts'
import { Suite } from '../support/suite.ts'
import { Visitor } from '../support/visitor.ts'

interface Front {
  suite: Suite
  thrust: Program
  url: string
  visitor: Visitor
}

/** The suite behind its front proxy with HTTPS, and a browser that takes the test's certificate for good. */
const test = base.extend<{ front: Front }>({
  front: async ({ browser }, use) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'trifecta-front-'))
    const suite = await Suite.start(undefined, {
      CABLE_URL: '/cable',
      WEB__ASSUME_SSL: 'true',
      // The cable takes pages of its own host. That they came by HTTPS it believes of this proxy.
      ALLOWED_ORIGINS: '',
      TRUSTED_PROXIES: '127.0.0.1',
    })
    const thrust = suite.front({ HTTPS_PORT: '0', ...(await certificateIn(folder)) })
    const url = `https://127.0.0.1:${await thrust.port('kind="https"')}`
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const visitor = new Visitor(context, url)
    await use({ suite, thrust, url, visitor })
    await context.close()
    expect(await thrust.stop()).toBe('exit code 0')
    await suite.stop()
    rmSync(folder, { recursive: true })
    expect(visitor.errors).toEqual([])
  },
})

test('the page is live at one origin, and all of it comes by HTTP/2', async ({ front: { thrust, visitor } }) => {
  const [leader, follower] = await visitor.openTabs(2)
  await leader!.create('Book the train')
  await follower!.shows('Book the train')
  const protocols = await leader!.page.evaluate(() => {
    const entries = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    return entries.map((entry) => (entry as PerformanceResourceTiming).nextHopProtocol)
  })
  expect(protocols.length).toBeGreaterThan(3)
  expect(new Set(protocols)).toEqual(new Set(['h2']))
  await expect.poll(() => visitor.openSockets()).toBe(1)
  // RFC 8441: the socket is a stream of the connection that brought the page.
  expect(await thrust.line('http.method=CONNECT')).toMatch(/http\.path=\/cable http\.status=200 .*HTTP\/2/)
})

test('assets come from the cache of the front, compressed', async ({ front: { url, visitor } }) => {
  await visitor.openTab()
  const again = await visitor.context.newPage()
  const assets: Record<string, string | undefined>[] = []
  again.on('response', async (response) => {
    if (response.url().includes('/assets/')) assets.push(await response.allHeaders())
  })
  const session = await visitor.context.newCDPSession(again)
  await session.send('Network.setCacheDisabled', { cacheDisabled: true })
  await again.goto(`${url}/todos`)
  await expect(again.getByRole('status')).toHaveText('Live')
  await expect.poll(() => assets.length).toBeGreaterThanOrEqual(4)
  for (const headers of assets) {
    expect(headers['x-cache']).toMatch(/hit|revalidated/)
    expect(headers['vary']).toMatch(/accept-encoding/i)
  }
  expect(assets.some((headers) => headers['content-encoding'] === 'br')).toBe(true)
})

test('what is done while the web process starts again is done', async ({ front: { suite, visitor } }) => {
  const tab = await visitor.openTab()
  const titles = Array.from({ length: 12 }, (_, index) => `Todo ${index}`)
  const restarts = suite.restartWeb().then(() => suite.restartWeb())
  for (const title of titles) await tab.create(title)
  await restarts
  await tab.shows(...titles.toReversed())
  await expect(tab.alert).toHaveCount(0)
  await tab.page.reload()
  await tab.shows(...titles.toReversed())
})

test('HTTP leads to HTTPS', async ({ front: { thrust, url, visitor } }) => {
  const page = await visitor.context.newPage()
  await page.goto(`http://127.0.0.1:${await thrust.port('kind="http"')}/todos?filter=active`)
  expect(page.url()).toBe(`${url}/todos?filter=active`)
})
