import { expect, test } from '../support/fixtures.ts'
import type { Tab } from '../support/tab.ts'

const TITLES = [
  '</script><script>window.x=1</script>',
  '<img src=x onerror="window.x=1">',
  '"><svg onload=window.x=1>',
  '<!--<script>',
  '&lt;b&gt; &amp; {{x}}',
  'line\u2028separators\u2029here',
  '日本語 🎉 e\u0301',
]

async function areText(tab: Tab): Promise<void> {
  await expect(tab.rows).toHaveCount(TITLES.length)
  expect(await tab.titles.evaluateAll((labels) => labels.map((label) => label.textContent))).toEqual(TITLES.toReversed())
  expect(await tab.page.evaluate(() => 'x' in window)).toBe(false)
  await expect(tab.page.locator('.todos-list :is(img, script, b), .todos-list label svg')).toHaveCount(0)
}

test('titles with markup stay text, by live update and in the document', async ({ visitor, newVisitor, client }) => {
  const [leader, follower] = await visitor.openTabs(2)
  for (const title of TITLES) await client.create(title)
  await areText(leader!)
  await areText(follower!)
  await areText(await (await newVisitor()).openTab())
  await leader!.page.reload()
  await areText(leader!)
})

test('titles with markup stay text when typed', async ({ tab }) => {
  const title = TITLES[0]!
  await tab.create(title)
  await tab.shows(title)
  await expect(tab.delete(title)).toBeVisible()
  expect(await tab.page.evaluate(() => 'x' in window)).toBe(false)
})

test('each title runs in the direction of its language, with and without JavaScript', async ({ tab, client, newVisitor, suite }) => {
  const titles = ['שלום!', 'Hello!']
  for (const title of titles) await client.create(title)
  const plain = await (await newVisitor({ javaScriptEnabled: false })).context.newPage()
  await plain.goto(`${suite.url}/todos`)
  for (const page of [tab.page, plain]) {
    await expect(page.getByText(titles[0]!, { exact: true })).toHaveCSS('direction', 'rtl')
    await expect(page.getByText(titles[1]!, { exact: true })).toHaveCSS('direction', 'ltr')
  }
  await tab.input.fill(titles[0]!)
  await expect(tab.input).toHaveCSS('direction', 'rtl')
})

test('the Enter that ends a word of an input method sends nothing', async ({ tab, client }) => {
  const devtools = await tab.page.context().newCDPSession(tab.page)
  /** As a Japanese keyboard does: the letters are under way until Enter takes them. */
  const compose = async (text: string) => {
    await devtools.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
    await devtools.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', windowsVirtualKeyCode: 229, key: 'Process', code: 'Enter' })
    await devtools.send('Input.insertText', { text })
    await devtools.send('Input.dispatchKeyEvent', { type: 'keyUp', windowsVirtualKeyCode: 13, key: 'Enter', code: 'Enter' })
  }
  await tab.input.focus()
  await compose('牛乳')
  await expect(tab.input).toHaveValue('牛乳')
  await tab.shows()
  await tab.input.press('Enter')
  await expect(tab.row('牛乳')).toHaveAttribute('aria-busy', 'false')

  await tab.row('牛乳').locator('label').dblclick()
  const field = tab.page.getByRole('textbox', { name: 'Edit' })
  await expect(field).toBeFocused()
  await compose('とお茶')
  await expect(field).toHaveValue('牛乳とお茶')
  await field.press('Enter')
  await tab.shows('牛乳とお茶')
  await expect.poll(() => client.titles()).toEqual(['牛乳とお茶'])
})
