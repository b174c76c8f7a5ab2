import { crowd } from '../support/crowd.ts'
import { test as base, expect } from '../support/fixtures.ts'
import { PlainList } from '../support/plain_list.ts'

/** `list` is open in a browser without JavaScript. */
const test = base.extend<{ list: PlainList }>({
  list: async ({ newVisitor, suite }, use) => {
    const { context } = await newVisitor({ javaScriptEnabled: false })
    const list = new PlainList(await context.newPage())
    await list.page.goto(`${suite.url}/todos`)
    await use(list)
  },
})

test('todos are added, toggled, renamed and deleted', async ({ list, client }) => {
  await expect(list.page.locator('.todos-empty')).toContainText('Nothing here.')
  for (const title of ['Milk', 'Tea', 'Rice']) await list.add(title)
  await list.shows('Rice', 'Tea', 'Milk')

  await list.toggle('Tea')
  await list.shows('Rice', '☑ Tea', 'Milk')
  await list.toggle('Tea')
  await list.shows('Rice', 'Tea', 'Milk')

  await list.edit('Tea')
  await expect(list.field).toHaveValue('Tea')
  await expect(list.field).toBeFocused()
  await list.field.fill('Green tea')
  await list.press('Save')
  await list.shows('Rice', 'Green tea', 'Milk')

  await list.remove('Rice')
  await list.shows('Green tea', 'Milk')
  expect(await client.titles()).toEqual(['Green tea', 'Milk'])
})

test('editing is given up with Cancel', async ({ list, client }) => {
  await list.add('Tea')
  await list.edit('Tea')
  await list.field.fill('Coffee')
  await list.follow('Cancel')
  await list.shows('Tea')
  expect(await client.titles()).toEqual(['Tea'])
})

test('all are completed, reopened and cleared', async ({ list, client }) => {
  for (const title of ['Milk', 'Tea']) await list.add(title)
  await expect(list.page.getByRole('button', { name: 'Clear completed' })).toHaveCount(0)
  await list.press('Complete all')
  await list.shows('☑ Tea', '☑ Milk')
  await list.press('Reopen all')
  await list.shows('Tea', 'Milk')
  await list.toggle('Tea')
  await list.press('Clear completed')
  await list.shows('Milk')
  expect(await client.titles()).toEqual(['Milk'])
})

test('filters show a part, and stay after a change', async ({ list, suite }) => {
  for (const title of ['Milk', 'Tea', 'Rice']) await list.add(title)
  await list.toggle('Tea')
  await list.shows('Rice', '☑ Tea', 'Milk')
  await list.follow('Active')
  await list.shows('Rice', 'Milk')
  await list.toggle('Milk')
  await expect(list.page).toHaveURL(`${suite.url}/todos?filter=active`)
  await list.shows('Rice')
  await list.follow('Completed')
  await list.shows('☑ Tea', '☑ Milk')
  await expect(list.page.getByRole('link', { name: 'Completed' })).toHaveAttribute('aria-current', 'page')
  await list.follow('All')
  await list.shows('Rice', '☑ Tea', '☑ Milk')
})

test('a hundred fit on a page, and a change leads back to it', async ({ list, client, suite }) => {
  await crowd(client, 101)
  await list.page.reload()
  await expect(list.rows).toHaveCount(100)
  await list.follow('Older')
  await expect(list.rows).toHaveCount(1)
  await list.rows.locator('.todos-text').click()
  await expect(list.page).toHaveURL(`${suite.url}/todos?page=2`)
  await expect(list.rows).toContainText('☑')
  await list.follow('Newer')
  await expect(list.rows).toHaveCount(100)
})

test('a title that is not valid comes back with the reason, once', async ({ list }) => {
  await list.add('Tea')
  await list.input.fill('   ')
  await list.press('Add')
  await expect(list.alert).toHaveText("Title can't be blank")
  await expect(list.input).toHaveValue('   ')
  await expect(list.input).toHaveAccessibleDescription("Title can't be blank")
  await list.shows('Tea')

  await list.edit('Tea')
  await expect(list.alert).toHaveCount(0)
  await list.field.fill(' ')
  await list.press('Save')
  await expect(list.alert).toHaveText("Title can't be blank")
  await expect(list.field).toHaveValue(' ')
  await expect(list.field).toHaveAttribute('aria-invalid', 'true')
})

test('a browser with JavaScript sees the changes live, and this one after Refresh', async ({ list, tab, client }) => {
  await list.add('Tea')
  await tab.shows('Tea')
  await list.toggle('Tea')
  await expect(tab.checkbox('Tea')).toBeChecked()
  await client.create('Milk')
  await list.shows('☑ Tea')
  await list.follow('Refresh')
  await list.shows('Milk', '☑ Tea')
})
