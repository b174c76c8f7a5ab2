import { expect, test } from '../support/fixtures.ts'
import type { Suite } from '../support/suite.ts'
import type { Tab } from '../support/tab.ts'
import { TodoMvc } from '../support/todomvc.ts'
import type { Fault } from '../support/web_proxy.ts'

test.use({ expectedErrors: [/^Failed to load resource/] })

const FAULTS: [string, Fault, RegExp][] = [
  ['the server answers 500', { answer: 500 }, /the server had a problem \(500\)/],
  ['the server answers 422', { answer: 422 }, /this page has expired/],
  ['the connection breaks', 'drop', /the server cannot be reached/],
]

/** Three rows, of which the one in the middle is completed. */
async function fill(tab: Tab, suite: Suite): Promise<TodoMvc> {
  const todos = await TodoMvc.open(tab.page)
  await todos.add('One', 'Two', 'Three')
  await todos.toggle('Two').check()
  await tab.counts(3, 1, 2)
  // What a test does to the next requests must not befall this one.
  await expect.poll(() => suite.webProxy.answered('PATCH')).toBe(1)
  return todos
}

async function isAsBefore(tab: Tab, todos: TodoMvc): Promise<void> {
  await todos.shows('One', 'Two', 'Three')
  await tab.counts(3, 1, 2)
  await expect(todos.toggle('Two')).toBeChecked()
  await expect(tab.page.locator('dialog, iframe')).toHaveCount(0)
}

for (const [what, fault, why] of FAULTS) {
  test(`${what} to a new title: the old one is back, and the field with what was typed`, async ({ tab, suite, client }) => {
    const todos = await fill(tab, suite)
    suite.webProxy.fail('PATCH', fault)
    const field = await todos.edit('Two')
    await field.fill('Zwei')
    await field.press('Enter')
    await expect(tab.alert).toHaveText(/Could not rename “Two” to “Zwei”/)
    await expect(tab.alert).toHaveText(why)
    await expect(field).toHaveValue('Zwei')
    await field.press('Escape')
    await isAsBefore(tab, todos)
    expect(await client.titles()).toEqual(['One', 'Two', 'Three'])
  })

  test(`${what} to "mark all": all rows are as before`, async ({ tab, suite }) => {
    const todos = await fill(tab, suite)
    suite.webProxy.fail('PATCH', fault)
    await todos.toggleAll.click()
    await expect(tab.alert).toHaveText(/Could not mark all as complete/)
    await expect(tab.alert).toHaveText(why)
    await isAsBefore(tab, todos)
    await expect(todos.toggleAll).not.toBeChecked()
  })

  test(`${what} to "clear completed": the rows are back in their places`, async ({ tab, suite }) => {
    const todos = await fill(tab, suite)
    suite.webProxy.fail('DELETE', fault)
    await todos.clearCompleted.click()
    await expect(tab.alert).toHaveText(/Could not clear what is completed/)
    await expect(tab.alert).toHaveText(why)
    await isAsBefore(tab, todos)
  })
}

test('a live update during a "clear completed" that fails is kept', async ({ tab, suite, client }) => {
  const todos = await fill(tab, suite)
  suite.webProxy.fail('DELETE', { answer: 500 })
  const release = suite.webProxy.hold('DELETE')
  await todos.clearCompleted.click()
  await todos.shows('One', 'Three')
  await client.create('Theirs')
  await todos.shows('Theirs', 'One', 'Three')
  release()
  await expect(tab.alert).toBeVisible()
  await todos.shows('Theirs', 'One', 'Two', 'Three')
})
