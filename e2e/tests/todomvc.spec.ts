import type { Client } from '../support/client.ts'
import { expect, test } from '../support/fixtures.ts'
import { TodoMvc } from '../support/todomvc.ts'

const THREE = ['Buy milk', 'Feed the cat', 'Call the doctor'] as const
const [FIRST, SECOND, THIRD] = THREE

/** What the server has, in order, the completed ones with a mark. */
async function saved(client: Client): Promise<string[]> {
  return (await client.list()).map(({ title, completed }) => (completed ? `✓ ${title}` : title))
}

test.describe('new todos', () => {
  test('the field has the focus when the page opens', async ({ tab }) => {
    const todos = await TodoMvc.open(tab.page)
    await expect(todos.input).toBeFocused()
  })

  test('Enter adds one, and empties the field', async ({ tab, client }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(FIRST)
    await todos.shows(FIRST)
    await expect(todos.input).toHaveValue('')
    await expect.poll(() => saved(client)).toEqual([FIRST])
  })

  test('the newest comes first', async ({ tab, client }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(...THREE)
    await todos.shows(...THREE)
    await expect.poll(() => saved(client)).toEqual([...THREE])
  })

  test('blanks around the title go', async ({ tab, client }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.input.fill(`   ${FIRST}  `)
    await todos.input.press('Enter')
    await todos.shows(FIRST)
    await expect.poll(() => saved(client)).toEqual([FIRST])
  })

  test('without a title none is added', async ({ tab, client }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.input.press('Enter')
    await todos.add(FIRST)
    await todos.shows(FIRST)
    expect(await saved(client)).toEqual([FIRST])
  })
})

test('without todos there is neither a list nor a footer', async ({ tab }) => {
  const todos = await TodoMvc.open(tab.page)
  for (const part of [todos.items, todos.toggleAll, todos.clearCompleted, todos.filters]) await expect(part).toBeHidden()
  await todos.add(FIRST)
  await expect(todos.toggleAll).toBeVisible()
  await expect(todos.filters).toBeVisible()
})

test.describe('mark all as complete', () => {
  test('completes all, and takes it back', async ({ tab, client }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(...THREE)
    await todos.toggleAll.check()
    for (const title of THREE) await expect(todos.toggle(title)).toBeChecked()
    await expect.poll(() => saved(client)).toEqual(THREE.map((title) => `✓ ${title}`))
    await todos.toggleAll.uncheck()
    for (const title of THREE) await expect(todos.toggle(title)).not.toBeChecked()
    await expect.poll(() => saved(client)).toEqual([...THREE])
  })

  test('follows what becomes of the items', async ({ tab }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(...THREE)
    await todos.toggleAll.check()
    await todos.toggle(SECOND).uncheck()
    await expect(todos.toggleAll).not.toBeChecked()
    await todos.toggle(SECOND).check()
    await expect(todos.toggleAll).toBeChecked()
  })

  test('is not ticked any more once the completed ones are cleared', async ({ tab }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(FIRST, SECOND)
    await todos.toggleAll.check()
    await todos.clearCompleted.click()
    await todos.shows()
    await todos.add(THIRD)
    await expect(todos.toggleAll).not.toBeChecked()
  })
})

test.describe('an item', () => {
  test('is completed, and active again', async ({ tab, client }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(FIRST, SECOND)
    await todos.toggle(FIRST).check()
    await expect(todos.item(FIRST)).toHaveClass(/(^| )completed( |$)/)
    await expect(todos.item(SECOND)).not.toHaveClass(/(^| )completed( |$)/)
    await expect.poll(() => saved(client)).toEqual([`✓ ${FIRST}`, SECOND])
    await todos.toggle(FIRST).uncheck()
    await expect(todos.item(FIRST)).not.toHaveClass(/(^| )completed( |$)/)
    await expect.poll(() => saved(client)).toEqual([FIRST, SECOND])
  })

  test('is deleted with the button that shows when the mouse is over it', async ({ tab, client }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(...THREE)
    await todos.item(SECOND).hover()
    await todos.item(SECOND).locator('.destroy').click()
    await todos.shows(FIRST, THIRD)
    await expect.poll(() => saved(client)).toEqual([FIRST, THIRD])
  })

  test('gets another title, and keeps the rest', async ({ tab, client }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(...THREE)
    const field = await todos.edit(SECOND)
    await expect(field).toHaveValue(SECOND)
    await field.fill('Feed the dog')
    await field.press('Enter')
    await todos.shows(FIRST, 'Feed the dog', THIRD)
    await expect.poll(() => saved(client)).toEqual([FIRST, 'Feed the dog', THIRD])
  })
})

test.describe('editing', () => {
  test('gives the field the focus and hides the other controls of the item', async ({ tab }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(...THREE)
    const field = await todos.edit(SECOND)
    await expect(field).toBeFocused()
    const item = todos.items.nth(1)
    await expect(item.locator('.toggle')).toBeHidden()
    await expect(item.getByTestId('todo-title')).toBeHidden()
  })

  test('saves when the field loses the focus', async ({ tab, client }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(...THREE)
    const field = await todos.edit(SECOND)
    await field.fill('Feed the dog')
    await field.blur()
    await todos.shows(FIRST, 'Feed the dog', THIRD)
    await expect.poll(() => saved(client)).toEqual([FIRST, 'Feed the dog', THIRD])
  })

  test('takes the blanks around the title away', async ({ tab, client }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(...THREE)
    const field = await todos.edit(SECOND)
    await field.fill('    Feed the dog    ')
    await field.press('Enter')
    await todos.shows(FIRST, 'Feed the dog', THIRD)
    await expect.poll(() => saved(client)).toEqual([FIRST, 'Feed the dog', THIRD])
  })

  test('deletes an item whose title is emptied', async ({ tab, client }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(...THREE)
    const field = await todos.edit(SECOND)
    await field.fill('')
    await field.press('Enter')
    await todos.shows(FIRST, THIRD)
    await expect.poll(() => saved(client)).toEqual([FIRST, THIRD])
  })

  test('is given up with Escape', async ({ tab, client }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(...THREE)
    const field = await todos.edit(SECOND)
    await field.fill('Feed the dog')
    await field.press('Escape')
    await todos.shows(...THREE)
    expect(await saved(client)).toEqual([...THREE])
  })
})

test.describe('the counter', () => {
  test('tells how many are left, in the right number', async ({ tab }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(FIRST)
    await expect(todos.count).toHaveText(/^1 item left!?$/)
    await expect(todos.count.locator('strong')).toHaveText('1')
    await todos.add(SECOND)
    await expect(todos.count).toHaveText(/^2 items left!?$/)
    await todos.toggle(FIRST).check()
    await expect(todos.count).toHaveText(/^1 item left!?$/)
    await todos.toggle(SECOND).check()
    await expect(todos.count).toHaveText(/^0 items left!?$/)
  })
})

test.describe('clear completed', () => {
  test('is there only while something is completed', async ({ tab }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(FIRST, SECOND)
    await expect(todos.clearCompleted).toBeHidden()
    await todos.toggle(FIRST).check()
    await expect(todos.clearCompleted).toHaveText('Clear completed')
    await todos.clearCompleted.click()
    await expect(todos.clearCompleted).toBeHidden()
  })

  test('deletes the completed ones, and no other', async ({ tab, client }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(...THREE)
    await todos.toggle(SECOND).check()
    await todos.clearCompleted.click()
    await todos.shows(FIRST, THIRD)
    await expect.poll(() => saved(client)).toEqual([FIRST, THIRD])
  })
})

test('items and their state are there again after a reload', async ({ tab, client }) => {
  const todos = await TodoMvc.open(tab.page)
  await todos.add(FIRST, SECOND)
  await todos.toggle(FIRST).check()
  await expect(todos.count).toHaveText(/^1 item left!?$/)
  await expect.poll(() => saved(client)).toEqual([`✓ ${FIRST}`, SECOND])
  await tab.page.reload()
  await todos.shows(FIRST, SECOND)
  await expect(todos.toggle(FIRST)).toBeChecked()
  await expect(todos.toggle(SECOND)).not.toBeChecked()
})

test.describe('filters', () => {
  test.beforeEach(async ({ tab }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.add(...THREE)
    await todos.toggle(SECOND).check()
    await expect(todos.item(SECOND)).toHaveClass(/(^| )completed( |$)/)
  })

  test('show the active ones', async ({ tab }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.filter('Active').click()
    await expect(tab.page).toHaveURL(/\/todos\?filter=active$/)
    await todos.shows(FIRST, THIRD)
  })

  test('show the completed ones', async ({ tab }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.filter('Completed').click()
    await expect(tab.page).toHaveURL(/\/todos\?filter=completed$/)
    await todos.shows(SECOND)
  })

  test('show all again', async ({ tab }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.filter('Active').click()
    await todos.filter('Completed').click()
    await todos.filter('All').click()
    await todos.shows(...THREE)
  })

  test('mark the one that is in use', async ({ tab }) => {
    const todos = await TodoMvc.open(tab.page)
    await expect(todos.filter('All')).toHaveClass(/(^| )selected( |$)/)
    for (const name of ['Active', 'Completed', 'All'] as const) {
      await todos.filter(name).click()
      await expect(todos.filters.locator('.selected')).toHaveText(name)
    }
  })

  test('follow the back and forward buttons', async ({ tab }) => {
    const todos = await TodoMvc.open(tab.page)
    // The list follows the click, the address the answer: only a visit that has ended is in the history.
    await todos.filter('Active').click()
    await expect(tab.page).toHaveURL(/\?filter=active$/)
    await todos.filter('Completed').click()
    await expect(tab.page).toHaveURL(/\?filter=completed$/)
    await todos.shows(SECOND)
    await tab.page.goBack()
    await todos.shows(FIRST, THIRD)
    await tab.page.goBack()
    await todos.shows(...THREE)
    await tab.page.goForward()
    await todos.shows(FIRST, THIRD)
  })

  test('stay after a reload', async ({ tab }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.filter('Completed').click()
    await todos.shows(SECOND)
    await expect(tab.page).toHaveURL(/\?filter=completed$/)
    await tab.page.reload()
    await todos.shows(SECOND)
    await expect(todos.filters.locator('.selected')).toHaveText('Completed')
  })

  test('let go of an item that no longer belongs', async ({ tab }) => {
    const todos = await TodoMvc.open(tab.page)
    await todos.filter('Active').click()
    await todos.toggle(FIRST).click()
    await todos.shows(THIRD)
    await expect(todos.count).toHaveText(/^1 item left!?$/)
  })
})
