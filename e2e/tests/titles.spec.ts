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
