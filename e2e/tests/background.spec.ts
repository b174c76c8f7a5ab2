import { expect, openTab, test } from '../support/plain_fixtures.ts'

test('a hidden leader keeps the lead and passes everything on', async ({ chromium, suite, client }) => {
  const leader = await openTab(chromium, suite.url)
  const follower = await openTab(chromium, suite.url)
  await expect.poll(() => leader.isHidden()).toBe(true)
  expect(await follower.isHidden()).toBe(false)

  const titles: string[] = []
  for (let i = 0; i < 5; i++) {
    titles.unshift(`Change ${i}`)
    await client.create(titles[0]!)
    for (const tab of [follower, leader]) await expect.poll(() => tab.titles()).toEqual(titles)
  }
  expect([await leader.role(), await follower.role()]).toEqual(['Leader', 'Follower'])
  expect(await follower.logged('Became leader')).toBe(0)
  await expect.poll(() => suite.cableSockets()).toBe(1)
})

test('a frozen leader gives way at once, and comes back as a follower', async ({ chromium, suite, client }) => {
  const frozen = await openTab(chromium, suite.url)
  const front = await openTab(chromium, suite.url)
  await frozen.freeze()
  await expect.poll(() => front.role()).toBe('Leader')
  await expect.poll(() => front.status()).toBe('Live')
  await client.create('While it was frozen')
  await expect.poll(() => front.titles()).toEqual(['While it was frozen'])
  await expect.poll(() => suite.cableSockets()).toBe(1)

  await frozen.thaw()
  await expect.poll(() => frozen.titles()).toEqual(['While it was frozen'])
  await expect.poll(() => frozen.status()).toBe('Live')
  await client.create('Afterwards')
  for (const tab of [front, frozen]) await expect.poll(() => tab.titles()).toEqual(['Afterwards', 'While it was frozen'])
  expect([await front.role(), await frozen.role()]).toEqual(['Leader', 'Follower'])
  expect(await front.logged('Received 2 todos')).toBe(1)
  await expect.poll(() => suite.cableSockets()).toBe(1)
})

test('a frozen follower comes back to the true list', async ({ chromium, suite, client }) => {
  const frozen = await openTab(chromium, suite.url)
  const front = await openTab(chromium, suite.url)
  await frozen.freeze()
  await expect.poll(() => front.role()).toBe('Leader')
  await frozen.thaw()
  await expect.poll(() => frozen.status()).toBe('Live')
  await frozen.freeze()
  await client.create('Missed')
  await expect.poll(() => front.titles()).toEqual(['Missed'])
  await frozen.thaw()
  await expect.poll(() => frozen.titles()).toEqual(['Missed'])
  expect(await front.logged('Became leader')).toBe(1)
})

test('a leader whose main thread hangs for 12 s is replaced, and comes back as a follower', async ({ chromium, suite, client }) => {
  const hung = await openTab(chromium, suite.url)
  const front = await openTab(chromium, suite.url)
  await hung.hang(12_000)
  await expect.poll(() => front.role()).toBe('Leader')
  await client.create('While it hung')
  await expect.poll(() => front.titles()).toEqual(['While it hung'])

  await expect.poll(() => hung.role()).toBe('Follower')
  await expect.poll(() => hung.titles()).toEqual(['While it hung'])
  await expect.poll(() => suite.cableSockets()).toBe(1)
  expect([await front.role(), await front.logged('Became leader')]).toEqual(['Leader', 1])
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
    await expect.poll(() => suite.cableSockets()).toBe(1)
  })
}
