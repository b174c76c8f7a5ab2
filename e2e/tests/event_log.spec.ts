import { expect, test } from '../support/fixtures.ts'

test('the event log tells what happens, and can be cleared and hidden', async ({ tab, client }) => {
  await expect(tab.logged('Became leader')).toBeVisible()
  await expect(tab.logged('Connected to TodosChannel')).toBeVisible()
  await client.create('News')
  await expect(tab.logged('Received 1 todos').first()).toBeVisible()
  await expect(tab.log.getByText(/^\d\d:\d\d:\d\d\.\d{3}$/).first()).toBeVisible()

  await tab.page.getByRole('button', { name: 'Clear' }).click()
  await expect(tab.log).toHaveText('No events yet…')
  await client.create('More news')
  await expect(tab.logged('Received 2 todos').first()).toBeVisible()

  await tab.page.getByRole('button', { name: 'Hide' }).click()
  await expect(tab.log).toBeHidden()
  await tab.page.getByRole('button', { name: /^Show Logs \(\d+\)$/ }).click()
  await expect(tab.logged('Received 2 todos').first()).toBeVisible()
})

test('a follower logs what it gets from the leader', async ({ visitor, client }) => {
  const [, follower] = await visitor.openTabs(2)
  await client.create('News')
  await expect(follower!.logged('Received data from leader').first()).toBeVisible()
})

test('the event log holds the fifty newest entries', async ({ tab, client }) => {
  await client.create('Busy')
  const entries = tab.log.locator('.event-log__entry')
  let done = false
  // Each change is at least one entry.
  await expect(async () => {
    await client.complete('Busy', (done = !done))
    expect(await entries.count()).toBeGreaterThanOrEqual(50)
  }).toPass({ intervals: [10], timeout: 40_000 })
  await client.create('The newest')
  await expect(tab.logged('Received 2 todos').first()).toBeVisible()
  await expect(entries).toHaveCount(50)
  await expect(tab.logged('Became leader')).toHaveCount(0)
})
