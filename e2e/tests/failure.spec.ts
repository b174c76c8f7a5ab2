import { crowd } from '../support/crowd.ts'
import { expect, test } from '../support/fixtures.ts'
import type { Tab } from '../support/tab.ts'
import type { Fault } from '../support/web_proxy.ts'

test.use({ expectedErrors: [/^Failed to load resource/] })

const FAULTS: [string, Fault, RegExp][] = [
  ['the server answers 500', { answer: 500 }, /the server had a problem \(500\)/],
  ['the server answers 422', { answer: 422 }, /this page has expired/],
  ['the connection breaks', 'drop', /the server cannot be reached/],
]

async function noDialog(tab: Tab): Promise<void> {
  await expect(tab.page.locator('dialog, iframe')).toHaveCount(0)
}

for (const [what, fault, why] of FAULTS) {
  test(`${what} to a toggle: the row is as before`, async ({ tab, client, suite }) => {
    await tab.create('Sleep')
    suite.webProxy.fail('PATCH', fault)
    await tab.toggle('Sleep')
    await expect(tab.alert).toHaveText(/Could not update “Sleep”/)
    await expect(tab.alert).toHaveText(why)
    await expect(tab.checkbox('Sleep')).not.toBeChecked()
    await tab.counts(1, 0, 1)
    await noDialog(tab)
    expect((await client.list())[0]?.completed).toBe(false)

    suite.webProxy.behave()
    await tab.toggle('Sleep')
    await expect(tab.alert).toHaveCount(0)
    await expect.poll(async () => (await client.list())[0]?.completed).toBe(true)
    await expect(tab.checkbox('Sleep')).toBeChecked()
  })

  test(`${what} to a deletion: the row is back in its place`, async ({ tab, client, suite }) => {
    for (const title of ['One', 'Two', 'Three']) await tab.create(title)
    suite.webProxy.fail('DELETE', fault)
    await tab.remove('Two')
    await expect(tab.alert).toHaveText(/Could not delete “Two”/)
    await expect(tab.alert).toHaveText(why)
    await tab.shows('Three', 'Two', 'One')
    await tab.counts(3, 0, 3)
    await noDialog(tab)
    expect(await client.titles()).toEqual(['Three', 'Two', 'One'])
  })

  test(`${what} to a new todo: the typed text is given back`, async ({ tab, client, suite }) => {
    suite.webProxy.fail('POST', fault)
    await tab.input.fill('A long story')
    await tab.add.click()
    await expect(tab.alert).toHaveText(/Could not add “A long story”/)
    await expect(tab.alert).toHaveText(why)
    await expect(tab.input).toHaveValue('A long story')
    await tab.shows()
    await noDialog(tab)
    expect(await client.list()).toEqual([])
  })
}

test('a live update during a failing request is kept', async ({ tab, client, suite }) => {
  await tab.create('Mine')
  suite.webProxy.fail('PATCH', { answer: 500 })
  const release = suite.webProxy.hold('PATCH')
  await tab.toggle('Mine')
  await expect(tab.checkbox('Mine')).toBeChecked()
  await client.create('Theirs')
  await tab.shows('Theirs', 'Mine')
  await expect(tab.checkbox('Mine')).toBeChecked()
  release()
  await expect(tab.alert).toBeVisible()
  await expect(tab.checkbox('Mine')).not.toBeChecked()
  await tab.shows('Theirs', 'Mine')
})

test('when only the answer is lost, the change is there all the same', async ({ tab, suite }) => {
  await tab.create('Already done')
  suite.webProxy.fail('PATCH', 'drop answer')
  await tab.toggle('Already done')
  await expect(tab.alert).toHaveText(/cannot be reached/)
  await expect(tab.checkbox('Already done')).toBeChecked()
  await noDialog(tab)
})

test('the server refuses a request without its token: the row is as before', async ({ tab, visitor, client }) => {
  // Not by the page: the answer to its own request would bring the token back.
  await client.create('Guarded')
  await tab.shows('Guarded')
  await visitor.context.clearCookies({ name: 'XSRF-TOKEN' })
  await tab.toggle('Guarded')
  await expect(tab.alert).toHaveText(/this page has expired/)
  await expect(tab.checkbox('Guarded')).not.toBeChecked()
  await noDialog(tab)
  expect((await client.list())[0]?.completed).toBe(false)
})

test('a todo that somebody else has deleted goes away', async ({ tab, client, suite }) => {
  await tab.create('Gone soon')
  const release = suite.webProxy.hold('PATCH')
  await tab.toggle('Gone soon')
  await client.remove('Gone soon')
  release()
  await expect(tab.alert).toHaveText(/it no longer exists/)
  await tab.shows()
  await noDialog(tab)
})

test('a blank title is told to be blank, and given back', async ({ tab, client }) => {
  await tab.input.fill('   ')
  await tab.add.click()
  await expect(tab.alert).toHaveText("Title can't be blank")
  await expect(tab.input).toHaveValue('   ')
  await expect(tab.input).toHaveAttribute('aria-invalid', 'true')
  await expect(tab.input).toHaveAccessibleDescription("Title can't be blank")
  await tab.shows()
  expect(await client.list()).toEqual([])

  await tab.create('Not blank')
  await expect(tab.alert).toHaveCount(0)
  await expect(tab.input).toHaveAttribute('aria-invalid', 'false')
})

test('a title that is too long is told so, and given back', async ({ tab, client }) => {
  const title = 'x'.repeat(300)
  await tab.input.fill(title)
  await tab.add.click()
  await expect(tab.alert).toHaveText(/^Title is too long/)
  await expect(tab.input).toHaveValue(title)
  expect(await client.list()).toEqual([])
})

test('what fails at the end of a long list is told where it can be seen', async ({ tab, client, suite }) => {
  await crowd(client, 60)
  await expect(tab.rows).toHaveCount(60)
  suite.webProxy.fail('PATCH', { answer: 500 })
  const last = tab.rows.last().getByRole('checkbox')
  await last.click()
  await expect(tab.alert).toHaveText(/the server had a problem/)
  await expect(tab.input).not.toBeInViewport()
  await expect(tab.alert).toBeInViewport({ ratio: 1 })
  await expect(last).toBeInViewport()
})

test('a notice can be dismissed', async ({ tab }) => {
  await tab.input.fill(' ')
  await tab.add.click()
  await tab.page.getByRole('button', { name: 'Dismiss' }).click()
  await expect(tab.alert).toHaveCount(0)
})
