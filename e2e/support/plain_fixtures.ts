import { expect, test as base } from './fixtures.ts'
import { PlainChromium, type PlainTab } from './plain_chromium.ts'

/** Tests with a browser as people have it. */
export const test = base.extend<{ chromium: PlainChromium; flags: string[] }>({
  flags: [[], { option: true }],

  chromium: async ({ suite, client, flags }, use, testInfo) => {
    void client
    const chromium = new PlainChromium(flags)
    await use(chromium)
    if (testInfo.status !== testInfo.expectedStatus) console.error(suite.logs())
    await chromium.close()
    expect(chromium.errors, 'errors on the console').toEqual([])
  },
})

export { expect }

export const WITHOUT_LOCKS = 'delete Navigator.prototype.locks'

export async function openTab(chromium: PlainChromium, url: string, script = ''): Promise<PlainTab> {
  const tab = await chromium.openTab(`${url}/todos`, script)
  await expect.poll(() => tab.status()).toBe('Live')
  return tab
}
