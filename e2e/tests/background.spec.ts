import { expect, test as base } from '../support/fixtures.ts'
import { PlainChromium, type PlainTab } from '../support/plain_chromium.ts'

const test = base.extend<{ chromium: PlainChromium }>({
  chromium: async ({ suite, client }, use, testInfo) => {
    void client
    const chromium = new PlainChromium()
    await use(chromium)
    if (testInfo.status !== testInfo.expectedStatus) console.error(suite.logs())
    await chromium.close()
    expect(chromium.errors, 'errors on the console').toEqual([])
  },
})

async function openTab(chromium: PlainChromium, url: string): Promise<PlainTab> {
  const tab = await chromium.openTab(`${url}/todos`)
  await expect.poll(() => tab.status()).toBe('Live')
  return tab
}

test('a hidden leader keeps the lead and passes everything on', async ({ chromium, suite, client }) => {
  const leader = await openTab(chromium, suite.url)
  const follower = await openTab(chromium, suite.url)
  expect(await leader.isHidden()).toBe(true)
  expect(await follower.isHidden()).toBe(false)

  const titles: string[] = []
  for (let i = 0; i < 5; i++) {
    titles.unshift(`Change ${i}`)
    await client.create(titles[0]!)
    for (const tab of [follower, leader]) await expect.poll(() => tab.titles()).toEqual(titles)
  }
  expect([await leader.role(), await follower.role()]).toEqual(['Leader', 'Follower'])
  expect(await follower.logged('Became leader')).toBe(0)
  expect(suite.cableSockets()).toBe(1)
})

test('a frozen leader is replaced, and comes back as a follower', async ({ chromium, suite, client }) => {
  const frozen = await openTab(chromium, suite.url)
  const front = await openTab(chromium, suite.url)
  await frozen.freeze()
  await client.create('While it was frozen')
  await expect.poll(() => front.role(), { timeout: 20_000 }).toBe('Leader')
  await expect.poll(() => front.titles()).toEqual(['While it was frozen'])

  await frozen.thaw()
  await expect.poll(() => frozen.role()).toBe('Follower')
  await client.create('Afterwards')
  for (const tab of [front, frozen]) await expect.poll(() => tab.titles()).toEqual(['Afterwards', 'While it was frozen'])
  expect(await front.role()).toBe('Leader')
  await expect.poll(() => suite.cableSockets()).toBe(1)
})

for (const who of ['leader', 'follower'] as const) {
  test(`a ${who} that the back/forward cache brings back shows the true list`, async ({ chromium, suite, client }) => {
    const first = await openTab(chromium, suite.url)
    const second = await openTab(chromium, suite.url)
    const [leaving, staying] = who === 'leader' ? [first, second] : [second, first]
    await leaving.evaluate('window.sameDocument = true')
    await leaving.goTo(`${suite.url}/up`)
    await expect.poll(() => leaving.evaluate('location.pathname')).toBe('/up')
    await expect.poll(() => staying.role()).toBe('Leader')
    await client.create('Meanwhile')
    await expect.poll(() => staying.titles()).toEqual(['Meanwhile'])

    await leaving.goBack()
    await expect.poll(() => leaving.evaluate('window.sameDocument')).toBe(true)
    await expect.poll(() => leaving.titles()).toEqual(['Meanwhile'])
    await expect.poll(() => leaving.status()).toBe('Live')
    expect([await staying.role(), await leaving.role()]).toEqual(['Leader', 'Follower'])
    await client.create('Afterwards')
    for (const tab of [staying, leaving]) await expect.poll(() => tab.titles()).toEqual(['Afterwards', 'Meanwhile'])
    expect(suite.cableSockets()).toBe(1)
  })
}
