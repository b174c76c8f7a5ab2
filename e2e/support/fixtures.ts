import { test as base, expect, type BrowserContextOptions } from '@playwright/test'
import { Client } from './client.ts'
import { Suite } from './suite.ts'
import type { Tab } from './tab.ts'
import { Visitor } from './visitor.ts'

interface Options {
  /** Messages on the console that the test provokes. All others fail it. */
  expectedErrors: RegExp[]
}

interface Fixtures {
  client: Client
  /** Opens another browser. */
  newVisitor: (options?: BrowserContextOptions) => Promise<Visitor>
  visitor: Visitor
  /** The first tab of `visitor`. */
  tab: Tab
}

interface WorkerFixtures {
  suite: Suite
}

export const test = base.extend<Fixtures & Options, WorkerFixtures>({
  expectedErrors: [[], { option: true }],

  suite: [
    async ({}, use) => {
      const suite = await Suite.start()
      await use(suite)
      await suite.stop()
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  client: [
    async ({ suite }, use) => {
      suite.webProxy.behave()
      const client = new Client(suite.url)
      await client.clear()
      // Tests count their own requests only.
      suite.webProxy.behave()
      await use(client)
    },
    { auto: true },
  ],

  newVisitor: async ({ browser, suite, client, expectedErrors }, use, testInfo) => {
    void client
    const visitors: Visitor[] = []
    await use(async (options) => {
      const visitor = new Visitor(await browser.newContext(options), suite.url)
      visitors.push(visitor)
      return visitor
    })
    if (testInfo.status !== testInfo.expectedStatus) console.error(suite.logs())
    await Promise.all(visitors.map(({ context }) => context.close()))
    const errors = visitors.flatMap((visitor) => visitor.errors)
    const unexpected = errors.filter((error) => !expectedErrors.some((expected) => expected.test(error)))
    expect(unexpected, 'errors on the console').toEqual([])
  },

  visitor: async ({ newVisitor }, use) => use(await newVisitor()),

  tab: async ({ visitor }, use) => use(await visitor.openTab()),
})

export { expect }
