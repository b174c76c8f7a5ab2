import { expect, test } from '../support/fixtures.ts'

test('todos are added, toggled and deleted, and stay so', async ({ tab, client }) => {
  await expect(tab.page.getByText('No todos yet. Add one above!')).toBeVisible()
  await tab.counts(0, 0, 0)

  await tab.create('Buy milk')
  await tab.create('Water the plants')
  await tab.shows('Water the plants', 'Buy milk')
  await expect(tab.page.getByText('No todos yet. Add one above!')).toBeHidden()
  await tab.counts(2, 0, 2)

  await tab.toggle('Buy milk')
  await expect(tab.checkbox('Buy milk')).toBeChecked()
  await tab.counts(2, 1, 1)
  await expect.poll(async () => (await client.list()).map(({ completed }) => completed)).toEqual([false, true])

  await tab.page.reload()
  await tab.shows('Water the plants', 'Buy milk')
  await expect(tab.checkbox('Buy milk')).toBeChecked()
  await expect(tab.checkbox('Water the plants')).not.toBeChecked()

  await tab.remove('Buy milk')
  await tab.remove('Water the plants')
  await expect(tab.page.getByText('No todos yet. Add one above!')).toBeVisible()
  await tab.counts(0, 0, 0)
  await expect.poll(() => client.list()).toEqual([])
})

test('a title loses the blanks around it', async ({ tab, client }) => {
  await tab.create('  Call home  ')
  expect(await client.titles()).toEqual(['Call home'])
})
