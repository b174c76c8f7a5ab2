import type { Locator, Page } from '@playwright/test'
import { expect, test } from '../support/fixtures.ts'

test.use({ expectedErrors: [/^Failed to load resource/] })

/** The pointer stays where it is, and its second click comes when the first has had its effect. */
async function slowDoubleClick(page: Page, target: Locator, effect: () => Promise<unknown>): Promise<void> {
  const { x, y, width, height } = (await target.boundingBox())!
  await page.mouse.move(x + width / 2, y + height / 2)
  for (const clickCount of [1, 2]) {
    await page.mouse.down({ clickCount })
    await page.mouse.up({ clickCount })
    await effect()
  }
}

test('a double click on Add makes one todo', async ({ tab, client, suite }) => {
  const release = suite.webProxy.hold('POST')
  await tab.input.fill('Once')
  await tab.add.dblclick()
  await tab.shows('Once')
  await expect(tab.row('Once')).toHaveAttribute('aria-busy', 'true')
  release()
  await expect(tab.row('Once')).toHaveAttribute('aria-busy', 'false')
  await tab.shows('Once')
  expect(suite.webProxy.count('POST')).toBe(1)
  expect(await client.titles()).toEqual(['Once'])
})

test('what is typed while a todo is being saved is kept', async ({ tab, client, suite }) => {
  const release = suite.webProxy.hold('POST')
  await tab.input.fill('First')
  await tab.input.press('Enter')
  await tab.input.pressSequentially('Second')
  release()
  await expect(tab.row('First')).toHaveAttribute('aria-busy', 'false')
  await expect(tab.input).toHaveValue('Second')
  await tab.input.press('Enter')
  await tab.shows('Second', 'First')
  await expect.poll(() => client.titles()).toEqual(['Second', 'First'])
})

test('five todos typed in a row keep their order', async ({ tab, client }) => {
  const titles = ['1', '2', '3', '4', '5']
  for (const title of titles) {
    await tab.input.fill(title)
    await tab.input.press('Enter')
  }
  await tab.shows(...titles.toReversed())
  await expect.poll(() => client.titles()).toEqual(titles.toReversed())
  await tab.shows(...titles.toReversed())
})

test('five quick toggles all stick', async ({ tab, client, suite }) => {
  const titles = ['a', 'b', 'c', 'd', 'e']
  for (const title of titles) await client.create(title)
  await expect(tab.rows).toHaveCount(5)
  const release = suite.webProxy.hold('PATCH')
  for (const title of titles) await tab.toggle(title)
  await expect(tab.rows.getByRole('checkbox', { checked: true })).toHaveCount(5)
  await expect.poll(() => suite.webProxy.count('PATCH')).toBe(5)
  release()
  await expect.poll(async () => (await client.list()).every(({ completed }) => completed)).toBe(true)
  await tab.page.reload()
  await tab.counts(5, 5, 0)
})

test('of five toggles of one todo the last counts', async ({ tab, client, suite }) => {
  await tab.create('Undecided')
  const release = suite.webProxy.hold('PATCH')
  for (let i = 0; i < 5; i++) await tab.toggle('Undecided')
  await expect(tab.checkbox('Undecided')).toBeChecked()
  release()
  // What was overtaken before it was sent is never sent: the first is, and the last.
  await expect.poll(() => suite.webProxy.answered('PATCH')).toBe(2)
  await expect.poll(async () => (await client.list())[0]?.completed).toBe(true)
  await expect(tab.checkbox('Undecided')).toBeChecked()
  // One more change has its turn after all of them.
  await tab.toggle('Undecided')
  await expect.poll(async () => (await client.list())[0]?.completed).toBe(false)
  expect(suite.webProxy.count('PATCH')).toBe(3)
})

test('two browsers that toggle the same todo end with the same', async ({ visitor, newVisitor, client }) => {
  const [a, b] = [await visitor.openTab(), await (await newVisitor()).openTab()]
  await client.create('Shared')
  for (const tab of [a, b]) await expect(tab.row('Shared')).toBeVisible()
  await Promise.all([a.toggle('Shared'), b.toggle('Shared')])
  await client.create('End')
  for (const tab of [a, b]) await expect(tab.row('End')).toBeVisible()
  await expect(async () => {
    const truth = (await client.list()).find(({ title }) => title === 'Shared')!.completed
    for (const tab of [a, b]) expect(await tab.checkbox('Shared').isChecked()).toBe(truth)
  }).toPass({ timeout: 15_000 })
})

test('an answer that is older than what the page shows changes nothing', async ({ tab, client, suite }) => {
  // Not by the page, which shows it before its own request is answered, and would be counted below.
  await client.create('Mine')
  await tab.shows('Mine')
  const release = suite.webProxy.holdAnswers('GET')
  const before = suite.webProxy.answered('GET')
  await tab.toggle('Mine')
  // The list that follows the toggle was made, and is on its way.
  await expect.poll(() => suite.webProxy.answered('GET')).toBe(before + 1)
  await client.create('Newer')
  await tab.shows('Newer', 'Mine')
  const losses = await tab.watchFor('Newer')
  release()
  await tab.create('Last')
  await tab.shows('Last', 'Newer', 'Mine')
  await expect(tab.checkbox('Mine')).toBeChecked()
  expect(await losses()).toBe(0)
})

test('a double click on "delete" deletes one row, not the next one with it', async ({ tab, client }) => {
  await tab.page.emulateMedia({ reducedMotion: 'reduce' })
  for (const title of ['1', '2', '3', '4']) await client.create(title)
  await tab.shows('4', '3', '2', '1')
  await slowDoubleClick(tab.page, tab.delete('3'), () => tab.shows('4', '2', '1'))
  // The next change has its turn after what the second click would have sent.
  await tab.toggle('2')
  await expect.poll(() => client.list()).toMatchObject([{ title: '4' }, { title: '2', completed: true }, { title: '1' }])
  await tab.shows('4', '2', '1')
})

test('a double click on a checkbox under a filter checks one row, not the next one with it', async ({ tab, client }) => {
  await tab.page.emulateMedia({ reducedMotion: 'reduce' })
  for (const title of ['1', '2', '3']) await client.create(title)
  await tab.page.getByRole('link', { name: 'Active' }).click()
  await tab.shows('3', '2', '1')
  await slowDoubleClick(tab.page, tab.checkbox('3'), () => tab.shows('2', '1'))
  await tab.counts(3, 1, 2)
})

test('a double click on "dismiss" does not mark all as complete', async ({ tab, client }) => {
  await tab.page.emulateMedia({ reducedMotion: 'reduce' })
  for (const title of ['1', '2']) await client.create(title)
  await tab.shows('2', '1')
  await tab.input.fill(' ')
  await tab.add.click()
  await expect(tab.alert).toBeVisible()
  await slowDoubleClick(tab.page, tab.page.getByRole('button', { name: 'Dismiss' }), () => expect(tab.alert).toHaveCount(0))
  await tab.counts(2, 0, 2)
})
