import { Client } from '../support/client.ts'
import { crowd } from '../support/crowd.ts'
import { expect, test } from '../support/fixtures.ts'
import { Suite } from '../support/suite.ts'
import type { Tab } from '../support/tab.ts'
import { Visitor } from '../support/visitor.ts'

const ROWS = 10_000

/** Its titles make the list one message of more than two megabytes. */
class Talker extends Client {
  override create(title: string): Promise<void> {
    return super.create(title.padEnd(200, '.'))
  }
}

/** How long the main thread was busy at a stretch, at worst, from now on. */
const watchMainThread = () => {
  const watch = { longest: 0 }
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) watch.longest = Math.max(watch.longest, duration)
  }).observe({ type: 'longtask' })
  return watch
}

test(`with ${ROWS} todos the page stays usable while updates come in`, async ({ browser }) => {
  test.setTimeout(180_000)
  const suite = await Suite.start()
  const client = new Client(suite.url)
  await crowd(new Talker(suite.url), ROWS)

  const visitor = new Visitor(await browser.newContext(), suite.url)
  const [leader, follower] = await visitor.openTabs(2)
  const watch = await follower!.page.evaluateHandle(watchMainThread)
  // Not by role: to find out the roles of so many rows takes a test longer than anything here.
  const newest = (tab: Tab) => tab.page.locator('.todos-text').first()
  for (const title of ['Newest', 'Newer still']) {
    const start = Date.now()
    await client.create(title)
    for (const tab of [leader!, follower!]) await expect(newest(tab)).toHaveText(title)
    console.log(`    shown in both tabs after ${Date.now() - start} ms`)
  }
  await follower!.page.locator('.todos-input').fill('Typed')
  await follower!.page.locator('.todos-input').press('Enter')
  for (const tab of [leader!, follower!]) await expect(newest(tab)).toHaveText('Typed')
  for (const tab of [leader!, follower!]) await tab.isLive()
  const busy = await watch.evaluate(({ longest }) => longest)
  console.log(`    main thread busy for ${busy.toFixed(0)} ms at a stretch`)
  expect(busy).toBeLessThan(3_000)

  await visitor.context.close()
  expect(visitor.errors).toEqual([])
  await suite.stop()
})
