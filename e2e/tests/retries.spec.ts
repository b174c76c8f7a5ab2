import { expect, test } from '../support/fixtures.ts'

test.use({ expectedErrors: [/^Failed to load resource/] })

test('the answer to a new todo is lost: it is there once, and nobody notices', async ({ tab, client, suite }) => {
  suite.webProxy.fail('POST', 'drop answer', 1)
  await tab.create('Once')
  // The cable may show it before it is sent again.
  await expect.poll(() => suite.webProxy.count('POST')).toBe(2)
  expect(await client.titles()).toEqual(['Once'])
  await tab.shows('Once')
  await expect(tab.alert).toHaveCount(0)
  await tab.toggle('Once')
  await expect.poll(async () => (await client.list())[0]?.completed).toBe(true)
})

test('a new todo does not reach the server: it is sent again by itself', async ({ tab, client, suite }) => {
  suite.webProxy.fail('POST', 'drop', 1)
  await tab.create('Again')
  await expect.poll(() => [suite.webProxy.count('POST'), suite.webProxy.answered('POST')]).toEqual([2, 1])
  expect(await client.titles()).toEqual(['Again'])
  await expect(tab.alert).toHaveCount(0)
})

test('the server cannot be reached: the text comes back, and sending it again makes one todo', async ({ tab, client, suite }) => {
  suite.webProxy.fail('POST', 'drop')
  await tab.input.fill('Stubborn')
  await tab.input.press('Enter')
  await expect(tab.alert).toHaveText(/Could not add “Stubborn”: the server cannot be reached/)
  await expect(tab.input).toHaveValue('Stubborn')
  // The browser, too, tries again by itself where a connection that was kept breaks.
  expect(suite.webProxy.count('POST')).toBeGreaterThan(1)

  suite.webProxy.behave()
  await tab.input.press('Enter')
  await expect(tab.row('Stubborn')).toHaveAttribute('aria-busy', 'false')
  await expect(tab.alert).toHaveCount(0)
  await expect(tab.input).toHaveValue('')
  expect(await client.titles()).toEqual(['Stubborn'])
})

test('all answers are lost, and the cable is late: sending it again makes one todo, and one row', async ({ tab, client, suite }) => {
  await suite.killWorker()
  suite.webProxy.fail('POST', 'drop answer')
  await tab.input.fill('Stubborn')
  await tab.input.press('Enter')
  await expect(tab.alert).toHaveText(/the server cannot be reached/)
  await expect(tab.input).toHaveValue('Stubborn')
  await suite.startWorker()
  await tab.shows('Stubborn')

  suite.webProxy.behave()
  const release = suite.webProxy.hold('POST')
  await tab.input.press('Enter')
  await expect.poll(() => suite.webProxy.count('POST')).toBe(1)
  await tab.shows('Stubborn')
  release()
  await expect(tab.alert).toHaveCount(0)
  await expect.poll(() => suite.webProxy.answered('POST')).toBe(1)
  await tab.shows('Stubborn')
  expect(await client.titles()).toEqual(['Stubborn'])
})

test('the same title twice on purpose makes two todos', async ({ tab, client }) => {
  await tab.create('Twin')
  await tab.input.fill('Twin')
  await tab.input.press('Enter')
  await tab.shows('Twin', 'Twin')
  await expect.poll(() => client.titles()).toEqual(['Twin', 'Twin'])
})

test('the answer to a deletion is lost: the row stays away, without a notice', async ({ tab, client, suite }) => {
  await tab.create('Gone')
  const before = suite.webProxy.answered('DELETE')
  suite.webProxy.fail('DELETE', 'drop answer', 1)
  await tab.remove('Gone')
  await tab.shows()
  await expect.poll(() => suite.webProxy.answered('DELETE')).toBe(before + 2)
  await expect.poll(() => client.list()).toEqual([])
  await expect(tab.alert).toHaveCount(0)
})

test('a change that takes longer than ten seconds is given up, and the row is as before', async ({ tab, client, suite }) => {
  await tab.create('Slow')
  const release = suite.webProxy.hold('PATCH')
  await tab.page.clock.install()
  const start = await tab.page.evaluate(() => Date.now())
  await tab.toggle('Slow')
  await expect(tab.checkbox('Slow')).toBeChecked()
  await expect.poll(() => suite.webProxy.count('PATCH')).toBe(1)
  // The clock stands from here on, however long the test takes.
  await tab.page.clock.pauseAt(start + 9_900)
  await expect(tab.checkbox('Slow')).toBeChecked()
  await expect(tab.alert).toHaveCount(0)
  await tab.page.clock.fastForward(10_000)
  await tab.page.clock.resume()
  await expect(tab.alert).toHaveText(/Could not update “Slow”: the server takes too long to answer/)
  await expect(tab.checkbox('Slow')).not.toBeChecked()
  await expect.poll(() => suite.webProxy.unanswered('PATCH')).toBe(1)
  release()
  expect((await client.list())[0]?.completed).toBe(false)
})
