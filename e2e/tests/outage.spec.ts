import { expect, test } from '../support/fixtures.ts'

test.use({ expectedErrors: [/^WebSocket connection to/] })

test('the cable is killed and comes back: nothing is missed', async ({ visitor, client, suite }) => {
  const tabs = await visitor.openTabs(2)
  await suite.killCable()
  for (const tab of tabs) await expect(tab.status).toHaveText('Reconnecting…')
  await client.create('Meanwhile')
  await suite.startCable()
  for (const tab of tabs) await tab.isLive()
  for (const tab of tabs) await tab.shows('Meanwhile')
  await client.create('Afterwards')
  for (const tab of tabs) await tab.shows('Afterwards', 'Meanwhile')
  await expect.poll(() => suite.cableSockets()).toBe(1)
})

test('the worker is killed and comes back: nothing is missed', async ({ visitor, newVisitor, client, suite }) => {
  const [own, second] = await visitor.openTabs(2)
  const far = await (await newVisitor()).openTab()
  await suite.killWorker()
  await own!.create('My own')
  await second!.shows('My own')
  await client.create('Meanwhile')
  await suite.startWorker()
  for (const tab of [own!, second!, far]) await tab.shows('Meanwhile', 'My own')
})

test('the network falls silent: the page notices, and catches up', async ({ visitor, client, suite }) => {
  const tabs = await visitor.openTabs(2)
  suite.cableProxy.fallSilent()
  await client.create('Unheard')
  for (const tab of tabs) await expect(tab.status).toHaveText(/^(Connecting|Reconnecting)…$/)
  suite.cableProxy.recover()
  for (const tab of tabs) await tab.isLive()
  for (const tab of tabs) await tab.shows('Unheard')
  await expect.poll(() => suite.cableSockets()).toBe(1)
})

test('the browser goes offline and online', async ({ visitor, client, suite }) => {
  const tab = await visitor.openTab()
  await visitor.context.setOffline(true)
  await expect(tab.status).toHaveText('Offline')
  await client.create('Meanwhile')
  await visitor.context.setOffline(false)
  await tab.isLive()
  await tab.shows('Meanwhile')
  await expect.poll(() => suite.cableSockets()).toBe(1)
})
