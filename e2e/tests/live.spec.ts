import { expect, test } from '../support/fixtures.ts'

test('a change in one tab shows in all tabs and in another browser, with one socket for each browser', async ({
  visitor,
  newVisitor,
  suite,
}) => {
  const [a, b, c] = await visitor.openTabs(3)
  const other = await newVisitor()
  const far = await other.openTab()
  const all = [a!, b!, c!, far]

  await a!.create('Book the train')
  for (const tab of all) await tab.shows('Book the train')
  await c!.toggle('Book the train')
  for (const tab of all) await expect(tab.checkbox('Book the train')).toBeChecked()
  await far.create('Pack')
  for (const tab of all) await tab.shows('Pack', 'Book the train')
  await b!.remove('Book the train')
  for (const tab of all) await tab.shows('Pack')
  for (const tab of all) await tab.counts(1, 0, 1)

  await expect.poll(() => visitor.openSockets()).toBe(1)
  await expect.poll(() => other.openSockets()).toBe(1)
  await expect.poll(() => suite.cableSockets()).toBe(2)
})

test('a change by plain HTTP shows in all tabs', async ({ visitor, newVisitor, client }) => {
  const tabs = await visitor.openTabs(3)
  tabs.push(await (await newVisitor()).openTab())

  await client.create('From afar')
  for (const tab of tabs) await tab.shows('From afar')
  await client.complete('From afar')
  for (const tab of tabs) await expect(tab.checkbox('From afar')).toBeChecked()
  await client.remove('From afar')
  for (const tab of tabs) await tab.shows()
})

test('a tab that opens later has what the others have', async ({ visitor, client }) => {
  const first = await visitor.openTab()
  await client.create('Early')
  await first.shows('Early')
  const second = await visitor.openTab()
  await second.shows('Early')
  await expect(second.badge).toHaveText('Follower')
  await expect.poll(() => visitor.openSockets()).toBe(1)
})
