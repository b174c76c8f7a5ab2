import { expect, test } from '../support/fixtures.ts'

test('a second visit shows the true list', async ({ tab, client, suite }) => {
  await client.create('First')
  await tab.shows('First')
  await tab.page.goto('about:blank')
  await client.create('Second')
  await tab.open(suite.url)
  await tab.shows('Second', 'First')
})

test('back and forward show the true list to a tab that leads', async ({ tab, client }) => {
  await tab.page.goto('about:blank')
  await client.create('Meanwhile')
  await tab.page.goBack()
  await tab.shows('Meanwhile')
  await tab.isLive()
  await tab.page.goBack()
  await client.create('And then')
  await tab.page.goForward()
  await tab.shows('And then', 'Meanwhile')
  await tab.isLive()
})

test('back shows the true list to a tab that follows', async ({ visitor, client }) => {
  const [leader, follower] = await visitor.openTabs(2)
  await follower!.page.goto('about:blank')
  await client.create('Meanwhile')
  await leader!.shows('Meanwhile')
  await follower!.page.goBack()
  await follower!.shows('Meanwhile')
  await expect(follower!.badge).toHaveText('Follower')
  await client.create('And then')
  await follower!.shows('And then', 'Meanwhile')
})

test('the start page leads to the list', async ({ tab, suite }) => {
  await tab.page.goto(suite.url)
  await expect(tab.page).toHaveURL(`${suite.url}/todos`)
  await tab.isLive()
})
