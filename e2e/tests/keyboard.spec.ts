import { expect, test } from '../support/fixtures.ts'
import type { Tab } from '../support/tab.ts'

test.use({ expectedErrors: [/^Failed to load resource/] })

async function focusIsSomewhere(tab: Tab): Promise<void> {
  await expect.poll(() => tab.page.evaluate(() => document.activeElement !== document.body)).toBe(true)
}

test('everything can be done with the keyboard, and the focus is never lost', async ({ tab, client }) => {
  const { keyboard } = tab.page
  await expect(tab.input).toBeFocused()
  for (const title of ['One', 'Two', 'Three']) {
    await keyboard.type(title)
    await keyboard.press('Enter')
    await expect(tab.row(title)).toHaveAttribute('aria-busy', 'false')
    await expect(tab.input).toBeFocused()
  }

  await keyboard.press('Tab')
  await expect(tab.add).toBeFocused()
  await keyboard.press('Tab')
  await expect(tab.page.getByRole('checkbox', { name: 'Mark all as complete' })).toBeFocused()
  await keyboard.press('Tab')
  await expect(tab.checkbox('Three')).toBeFocused()
  await keyboard.press('Space')
  await expect(tab.checkbox('Three')).toBeChecked()
  await expect.poll(async () => (await client.list())[0]?.completed).toBe(true)
  await expect(tab.checkbox('Three')).toBeFocused()

  await keyboard.press('Tab')
  await expect(tab.delete('Three')).toBeFocused()
  await keyboard.press('Enter')
  await tab.shows('Two', 'One')
  await expect(tab.delete('Two')).toBeFocused()
  await keyboard.press('Tab')
  await keyboard.press('Tab')
  await expect(tab.delete('One')).toBeFocused()
  await keyboard.press('Space')
  await tab.shows('Two')
  await expect(tab.delete('Two')).toBeFocused()
  await keyboard.press('Enter')
  await tab.shows()
  await expect(tab.input).toBeFocused()
  await expect.poll(() => client.list()).toEqual([])
})

test('a live update leaves the focus and the typed text alone', async ({ tab, client }) => {
  await client.create('Here')
  await tab.checkbox('Here').focus()
  await client.create('New above')
  await tab.shows('New above', 'Here')
  await expect(tab.checkbox('Here')).toBeFocused()

  await tab.input.fill('Half a thou')
  await client.remove('New above')
  await tab.shows('Here')
  await expect(tab.input).toHaveValue('Half a thou')
  await expect(tab.input).toBeFocused()
})

test('a failed deletion keeps the focus in the page', async ({ tab, client, suite }) => {
  await client.create('Sticky')
  await expect(tab.row('Sticky')).toBeVisible()
  suite.webProxy.fail('DELETE', 'drop')
  await tab.delete('Sticky').press('Enter')
  await expect(tab.alert).toBeVisible()
  await focusIsSomewhere(tab)
})

test('hiding and showing the event log keeps the focus in the page', async ({ tab }) => {
  await tab.page.getByRole('button', { name: 'Hide' }).press('Enter')
  await expect(tab.page.getByRole('button', { name: /^Show Logs/ })).toBeFocused()
  await tab.page.keyboard.press('Enter')
  await expect(tab.page.getByRole('button', { name: 'Hide' })).toBeFocused()
})

test('dismissing a notice keeps the focus in the page', async ({ tab }) => {
  await tab.input.fill(' ')
  await tab.input.press('Enter')
  await tab.page.getByRole('button', { name: 'Dismiss' }).press('Enter')
  await expect(tab.alert).toHaveCount(0)
  await focusIsSomewhere(tab)
})
