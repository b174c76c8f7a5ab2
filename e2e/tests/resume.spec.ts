import { expect, test } from '../support/fixtures.ts'
import { watchFrames } from '../support/frames.ts'

test.use({ expectedErrors: [/^WebSocket connection to/] })

test('after an outage the page asks for what came after the last message', async ({ visitor, client, suite }) => {
  const tab = await visitor.openTab()
  await client.create('Heard')
  await tab.shows('Heard')
  const frames = watchFrames(tab)
  await suite.killCable()
  await client.create('Meanwhile')
  await suite.startCable()
  await tab.shows('Meanwhile', 'Heard')
  await expect.poll(() => frames.answers('confirm_history')).toBe(1)
  expect(frames.sent[0]).toMatchObject({ command: 'subscribe', history: { streams: { todos: { offset: expect.any(Number) } } } })
})

test('the next leader asks for what came after the last message that any tab heard', async ({ visitor, client }) => {
  const [leader, follower] = await visitor.openTabs(2)
  expect(await leader!.leads()).toBe(true)
  await client.create('Heard')
  await follower!.shows('Heard')
  const frames = watchFrames(follower!)
  await leader!.page.close()
  await follower!.isLive()
  await expect.poll(() => frames.answers('confirm_history')).toBe(1)
  expect(frames.sent[0]).toMatchObject({ command: 'subscribe', history: { streams: { todos: { offset: expect.any(Number) } } } })
  await client.create('Afterwards')
  await follower!.shows('Afterwards', 'Heard')
})
