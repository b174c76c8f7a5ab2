import { expect, test } from '../support/fixtures.ts'

test('a tab that loads during a change shows it', async ({ visitor, client, suite }) => {
  const leader = await visitor.openTab()
  const before = suite.webProxy.answered('GET')
  const release = suite.webProxy.holdAnswers('GET')
  const opening = visitor.openTab()
  // The document was made, and is on its way.
  await expect.poll(() => suite.webProxy.answered('GET')).toBe(before + 1)
  await client.create('Meanwhile')
  await leader.shows('Meanwhile')
  release()
  const follower = await opening
  await follower.shows('Meanwhile')
  expect(await follower.leads()).toBe(false)
})

test('two toggles, the answer to the first after the second: nothing flickers', async ({ tab, client, suite }) => {
  // Not by the page, which shows them before its own requests are answered, and would be counted below.
  for (const title of ['B', 'A']) await client.create(title)
  await tab.shows('A', 'B')
  const states = await tab.page.evaluateHandle(() => {
    const seen: string[] = []
    const look = () => {
      const state = [...document.querySelectorAll('.todos-text')].map((text) => Number(text.matches('.todos-text--completed'))).join('')
      if (seen.at(-1) !== state) seen.push(state)
    }
    look()
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true })
    return seen
  })

  const before = suite.webProxy.answered('GET')
  const releaseAnswer = suite.webProxy.holdAnswers('GET')
  await tab.toggle('A')
  await expect.poll(() => suite.webProxy.answered('GET')).toBe(before + 1)
  const releaseSecond = suite.webProxy.hold('PATCH')
  await tab.toggle('B')
  await expect(tab.checkbox('B')).toBeChecked()
  releaseAnswer()
  releaseSecond()
  await expect.poll(async () => (await client.list()).every(({ completed }) => completed)).toBe(true)
  await client.create('End')
  await expect(tab.row('End')).toBeVisible()
  expect(await states.evaluate((seen) => seen.filter((state) => state.length === 2))).toEqual(['00', '10', '11'])
})

test('a visit to another page of the app and back leaves one leader with one socket', async ({ visitor, client, suite }) => {
  const [leader, follower] = await visitor.openTabs(2)
  const before = suite.cableProxy.accepted
  for (const tab of [leader!, follower!]) {
    // As after a visit: the entry holds a page of another component.
    await tab.page.evaluate(async () => {
      const { state } = history as { state: { page: object } }
      const props = { status: 404, title: 'Elsewhere', message: 'Another page', errors: {} }
      history.pushState({ ...state, page: { ...state.page, component: 'Errors/Show', props, url: '/elsewhere' } }, '', '/elsewhere')
      const back = new Promise((resolve) => window.addEventListener('popstate', resolve, { once: true }))
      history.back()
      await back
    })
    await expect(tab.page).toHaveURL(`${suite.url}/todos`)
    // From within the page: the browser hears of this after the way back, which it may not know yet.
    await tab.page.evaluate(() => history.forward())
    await expect(tab.page.getByRole('heading', { name: 'Elsewhere' })).toBeVisible()
    await client.create(`While ${tab === leader ? 'the leader' : 'the follower'} was away`)
    await tab.page.goBack()
    await expect(tab.row(`While ${tab === leader ? 'the leader' : 'the follower'} was away`)).toBeVisible()
  }
  await client.create('Afterwards')
  for (const tab of [leader!, follower!]) await expect(tab.row('Afterwards')).toBeVisible()
  expect([await leader!.leads(), await follower!.leads()]).toEqual([true, false])
  expect([suite.cableProxy.accepted - before, suite.cableSockets()]).toEqual([0, 1])
})
