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

/** Seconds of processor time that a change may cost a tab, which has to read and to show a list of two megabytes. */
const COST = 1

/** Counts the processor time of a tab's main thread from now on, in seconds: what else the machine does is not in it. */
async function watchMainThread({ page }: Tab): Promise<() => Promise<number>> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
  const used = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === 'TaskDuration')!.value
  }
  const before = await used()
  return async () => (await used()) - before
}

test(`with ${ROWS} todos the page stays usable while updates come in`, async ({ browser }) => {
  test.setTimeout(600_000)
  const suite = await Suite.start()
  const client = new Client(suite.url)
  await crowd(new Talker(suite.url), ROWS)

  const visitor = new Visitor(await browser.newContext(), suite.url)
  const [leader, follower] = await visitor.openTabs(2)
  const used = await watchMainThread(follower!)
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
  expect(await follower!.page.locator('.todos-text').count(), 'rows that are drawn').toBeLessThan(100)
  const cost = (await used()) / 3
  console.log(`    a change costs ${(cost * 1_000).toFixed(0)} ms of processor time`)
  expect(cost).toBeLessThan(COST)

  await visitor.context.close()
  expect(visitor.errors).toEqual([])
  await suite.stop()
})
