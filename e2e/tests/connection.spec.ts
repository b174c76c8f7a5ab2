import { expect, test } from '../support/fixtures.ts'
import { watchFrames } from '../support/frames.ts'
import { notesOf, takeNotes } from '../support/notes.ts'

test.use({ expectedErrors: [/^(WebSocket connection to|Failed to load resource)/] })

test('a dropped socket is back within a second', async ({ visitor, suite }) => {
  await takeNotes(visitor)
  const tab = await visitor.openTab()
  const times: number[] = []
  const before = suite.cableProxy.accepted
  for (let round = 0; round < 5; round++) {
    const start = Date.now()
    suite.cableProxy.cut()
    await expect.poll(async () => (await notesOf(tab)).liveAt).toBeGreaterThan(start)
    times.push((await notesOf(tab)).liveAt - start)
    await expect.poll(() => suite.cableSockets()).toBe(1)
  }
  console.log(`    back after ${times.join(', ')} ms`)
  expect(suite.cableProxy.accepted - before, 'attempts that it took').toBe(times.length)
  // The others tell of the machine only.
  expect(Math.min(...times)).toBeLessThanOrEqual(1_000)
})

test('a leader that gives way unsubscribes once, and subscribes once when it leads again', async ({ visitor, suite }) => {
  const tab = await visitor.openTab()
  const frames = watchFrames(tab)
  await tab.page.reload()
  await tab.isLive()
  await expect.poll(() => frames.commands('subscribe')).toBe(1)
  await tab.page.evaluate(() => {
    const channel = new BroadcastChannel('todos-sync')
    const send = (type: string) => channel.postMessage({ type, payload: null, from: '00000000' })
    const heartbeat = setInterval(send, 1_000, 'ping')
    const resign = () => {
      clearInterval(heartbeat)
      send('resign')
    }
    send('ping')
    Object.assign(window, { resign })
  })
  await expect(tab.badge).toHaveText('Follower')
  await expect.poll(() => suite.cableSockets()).toBe(0)
  await expect.poll(() => frames.commands('unsubscribe')).toBe(1)

  await tab.page.evaluate('resign()')
  await expect(tab.badge).toHaveText('Leader')
  await tab.isLive()
  await expect.poll(() => frames.answers('confirm_subscription')).toBe(2)
  await expect.poll(() => suite.cableSockets()).toBe(1)
  expect([frames.commands('subscribe'), frames.commands('unsubscribe')]).toEqual([2, 1])
})

test('all tabs of a browser that is offline say so, and catch up afterwards', async ({ visitor, client, suite }) => {
  const tabs = await visitor.openTabs(3)
  for (const title of ['First gap', 'Second gap']) {
    await visitor.context.setOffline(true)
    for (const tab of tabs) await expect(tab.status).toHaveText('Offline')
    await client.create(title)
    await visitor.context.setOffline(false)
    for (const tab of tabs) await tab.isLive()
    for (const tab of tabs) await expect(tab.row(title)).toBeVisible()
  }
  await expect.poll(() => visitor.openSockets()).toBe(1)
  await expect.poll(() => suite.cableSockets()).toBe(1)
})

test('a change that is made offline is undone, and told', async ({ visitor, client }) => {
  const tab = await visitor.openTab()
  await tab.create('Out of reach')
  await visitor.context.setOffline(true)
  await expect(tab.status).toHaveText('Offline')
  await tab.toggle('Out of reach')
  await expect(tab.alert).toHaveText(/the server cannot be reached/)
  await expect(tab.checkbox('Out of reach')).not.toBeChecked()
  await visitor.context.setOffline(false)
  await tab.isLive()
  expect((await client.list())[0]?.completed).toBe(false)
})

test('the status tells of each state of the connection', async ({ tab, suite }) => {
  await tab.isLive()
  await suite.killCable()
  await expect(tab.status).toHaveText('Reconnecting…')
  await suite.startCable()
  await tab.isLive()
})
