import { expect, test } from '../support/fixtures.ts'
import { TodoMvc } from '../support/todomvc.ts'

test.use({ expectedErrors: [/^Failed to load resource/] })

test.beforeEach(async ({ client }) => {
  for (const title of ['Three', 'Two', 'One']) await client.create(title)
  await client.complete('Two')
})

test('a filter is a visit of its own that asks for no list', async ({ tab }) => {
  const todos = await TodoMvc.open(tab.page)
  const visit = tab.page.waitForRequest(/filter=active/)
  await todos.filter('Active').click()
  const headers = (await visit).headers()
  expect([headers['x-inertia'], headers['x-inertia-partial-data']]).toEqual(['true', 'filter'])
  await todos.shows('One', 'Three')
  await expect(tab.page).toHaveURL(/filter=active$/)
  await tab.page.goBack()
  await todos.shows('One', 'Two', 'Three')
})

test('an address with a filter opens the page with it, and a reload keeps it', async ({ visitor, suite }) => {
  const tab = await visitor.openTab()
  const todos = new TodoMvc(tab.page)
  await tab.page.goto(`${suite.url}/todos?filter=completed`)
  for (const load of [() => tab.isLive(), () => tab.page.reload()]) {
    await load()
    await todos.shows('Two')
    await expect(todos.filters.locator('.selected')).toHaveText('Completed')
    await tab.counts(3, 1, 2)
  }
  await todos.filter('All').click()
  await expect(tab.page).toHaveURL(`${suite.url}/todos`)
  await todos.shows('One', 'Two', 'Three')
})

test('a filter that nobody knows shows all', async ({ tab, suite }) => {
  await tab.page.goto(`${suite.url}/todos?filter=urgent`)
  const todos = await TodoMvc.open(tab.page)
  await todos.shows('One', 'Two', 'Three')
  await expect(todos.filters.locator('.selected')).toHaveText('All')
})

test('a filter that cannot be visited leaves a notice and the list as it was', async ({ tab, suite }) => {
  const todos = await TodoMvc.open(tab.page)
  for (const fault of [{ answer: 500 }, 'drop'] as const) {
    suite.webProxy.fail('GET', fault)
    await todos.filter('Completed').click()
    await expect(tab.alert).toHaveText(/Could not show the completed todos/)
    await expect(tab.alert).toHaveCount(1)
    await todos.shows('One', 'Two', 'Three')
    await expect(tab.page).toHaveURL(`${suite.url}/todos`)
    await expect(tab.page.locator('dialog, iframe')).toHaveCount(0)
    suite.webProxy.behave()
  }
  await todos.filter('Completed').click()
  await todos.shows('Two')
  await expect(tab.alert).toHaveCount(0)
})

test('live updates keep the filter, and a tab that follows has its own', async ({ visitor, client }) => {
  const [leader, follower] = await visitor.openTabs(2)
  const [left, right] = [new TodoMvc(leader!.page), new TodoMvc(follower!.page)]
  await left.filter('Completed').click()
  await right.filter('Active').click()
  await client.create('New')
  await client.complete('Three')
  await left.shows('Two', 'Three')
  await right.shows('New', 'One')
  await expect(leader!.page).toHaveURL(/filter=completed$/)
  await expect(follower!.page).toHaveURL(/filter=active$/)

  await right.toggle('New').click()
  await right.shows('One')
  await left.shows('New', 'Two', 'Three')
  await right.filter('All').click()
  await right.shows('New', 'One', 'Two', 'Three')
  await left.shows('New', 'Two', 'Three')
})

test('what is added under a filter keeps the filter', async ({ tab, suite }) => {
  const todos = await TodoMvc.open(tab.page)
  await todos.filter('Active').click()
  await tab.create('Zero')
  await todos.shows('Zero', 'One', 'Three')
  await expect(tab.page).toHaveURL(`${suite.url}/todos?filter=active`)
})
