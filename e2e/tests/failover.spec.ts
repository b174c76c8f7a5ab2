import { expect, test } from '../support/fixtures.ts'
import type { Client } from '../support/client.ts'
import type { Suite } from '../support/suite.ts'
import type { Tab } from '../support/tab.ts'
import type { Visitor } from '../support/visitor.ts'

interface World {
  suite: Suite
  visitor: Visitor
  client: Client
}

/** Ends the leader, and sees that exactly one follower takes over and that nothing is missed. */
async function failOver({ suite, visitor, client }: World, end: (leader: Tab) => Promise<void>): Promise<void> {
  const leader = await visitor.leader()
  const followers = await visitor.followers()
  const before = suite.cableProxy.accepted

  await end(leader)
  const title = `After leader ${before}`
  await client.create(title)
  for (const tab of followers) await expect(tab.row(title)).toBeVisible()
  for (const tab of followers) await tab.isLive()

  const next = await visitor.leader()
  for (const tab of followers) await expect(tab.logged('Became leader')).toHaveCount(tab === next ? 1 : 0)
  expect(suite.cableProxy.accepted - before, 'sockets opened since').toBe(1)
  await expect.poll(() => visitor.openSockets()).toBe(1)
  await expect.poll(() => suite.cableSockets()).toBe(1)
}

test('when the leader closes, the one follower leads', async ({ suite, visitor, client }) => {
  await visitor.openTabs(2)
  await failOver({ suite, visitor, client }, (leader) => visitor.close(leader))
})

test('of several followers exactly one leads, time after time', async ({ suite, visitor, client }) => {
  await visitor.openTabs(5)
  for (let round = 0; round < 4; round++) {
    await failOver({ suite, visitor, client }, (leader) => visitor.close(leader))
  }
})

test('when the leader crashes, exactly one follower leads', async ({ suite, visitor, client }) => {
  await visitor.openTabs(4)
  for (let round = 0; round < 2; round++) {
    await failOver({ suite, visitor, client }, async (leader) => {
      await leader.crash()
      await visitor.close(leader)
    })
  }
})

test('when the leader goes to another page, exactly one follower leads', async ({ suite, visitor, client }) => {
  await visitor.openTabs(3)
  const leader = await visitor.leader()
  await failOver({ suite, visitor, client }, async () => {
    await leader.page.goto('about:blank')
    await visitor.close(leader)
  })
})

test('when the leader is reloaded, one tab leads and all show the list', async ({ suite, visitor, client }) => {
  const tabs = await visitor.openTabs(3)
  const leader = await visitor.leader()
  await leader.page.reload()
  await client.create('After the reload')
  for (const tab of tabs) await tab.shows('After the reload')
  await visitor.leader()
  await expect.poll(() => suite.cableSockets()).toBe(1)
  await expect.poll(() => visitor.openSockets()).toBe(1)
})

test('a leader that gives way closes its socket', async ({ suite, visitor }) => {
  const tab = await visitor.openTab()
  await expect(tab.badge).toHaveText('Leader')
  // A tab without locks, with the lowest of all ids, says that it leads.
  await tab.page.evaluate(() => {
    const channel = new BroadcastChannel('todos-sync')
    const ping = () => channel.postMessage({ type: 'ping', payload: null, from: '00000000' })
    setInterval(ping, 1_000)
    ping()
  })
  await expect(tab.badge).toHaveText('Follower')
  await expect.poll(() => suite.cableSockets()).toBe(0)
})
