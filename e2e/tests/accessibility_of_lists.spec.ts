import type { Page, Route } from '@playwright/test'
import { hasNoViolation, isAccessible } from '../support/accessible.ts'
import { Client } from '../support/client.ts'
import { crowd } from '../support/crowd.ts'
import { expect, test } from '../support/fixtures.ts'
import { PlainList } from '../support/plain_list.ts'
import { Suite } from '../support/suite.ts'
import { Visitor } from '../support/visitor.ts'

const LONG = 'A title so long that it has to be broken somewhere '.repeat(4).trim()
const UNBROKEN = 'x'.repeat(200)

test('the page without JavaScript: axe finds nothing, light or dark, wide or narrow, and nothing sticks out', async ({
  visitor,
  client,
  suite,
}) => {
  for (const title of ['Done', LONG, UNBROKEN]) await client.create(title)
  await client.complete('Done')
  const list = new PlainList(await visitor.context.newPage())
  await showWithoutJavaScript(list.page)
  for (const look of ['filter=all', 'filter=completed', 'edit=1', 'page=2']) {
    await list.page.goto(`${suite.url}/todos?${look}`)
    await isAccessible(list)
  }
  await list.page.goto(`${suite.url}/todos`)
  await list.edit('Done')
  await list.field.fill(' ')
  await list.press('Save')
  await expect(list.alert).toBeVisible()
  await isAccessible(list)
})

test('with 10,000 todos axe finds nothing, and each row says which of how many it is', async ({ browser }) => {
  test.setTimeout(600_000)
  const suite = await Suite.start()
  await crowd(new Client(suite.url), 10_000)
  const { context } = new Visitor(await browser.newContext({ reducedMotion: 'reduce' }), suite.url)
  const page = await context.newPage()
  await page.goto(`${suite.url}/todos`)
  const rows = page.locator('.todos-item')
  await expect(rows.first()).toHaveAttribute('aria-posinset', '1')
  await expect(rows.first()).toHaveAttribute('aria-setsize', '10000')
  // Not with the wheel, which does nothing until the browser has drawn a page that is longer than the window.
  await page.evaluate(() => window.scrollBy(0, 100_000))
  await expect.poll(() => rows.nth(5).getAttribute('aria-posinset').then(Number)).toBeGreaterThan(1_000)
  const positions = await rows.evaluateAll((rows) => rows.map((row) => Number(row.ariaPosInSet)))
  expect(positions).toEqual([...positions].sort((a, b) => a - b))
  expect(positions.length).toBeLessThan(100)
  await hasNoViolation({ page })
  await context.close()
  await suite.stop()
})

/** As a browser without JavaScript shows it. In such a one axe does not run. */
async function showWithoutJavaScript(page: Page): Promise<void> {
  const show = async (route: Route) => {
    const response = await route.fetch()
    const body = (await response.text()).replace(/<\/?noscript>|<script.*?<\/script>|<link rel="modulepreload".*?>/gs, '')
    await route.fulfill({ response, body })
  }
  await page.route(/\/todos/, show)
}
