import { AxeBuilder } from '@axe-core/playwright'
import type { Client } from '../support/client.ts'
import { expect, test } from '../support/fixtures.ts'
import type { Suite } from '../support/suite.ts'
import type { Tab } from '../support/tab.ts'

test.use({ expectedErrors: [/^Failed to load resource/] })

interface World {
  tab: Tab
  client: Client
  suite: Suite
}

const LONG = 'A title so long that it has to be broken somewhere '.repeat(4).trim()
const UNBROKEN = 'x'.repeat(200)

/** Everything that the page may look like, and how it comes to that. */
const STATES: Record<string, (world: World) => Promise<void>> = {
  'without todos': ({ tab }) => tab.shows(),

  'with todos': async ({ tab, client }) => {
    await tab.create('Done')
    await tab.toggle('Done')
    for (const title of [LONG, UNBROKEN]) await client.create(title)
    await expect(tab.rows).toHaveCount(3)
  },

  'with a notice': async ({ tab }) => {
    await tab.input.fill(' ')
    await tab.add.click()
    await expect(tab.alert).toBeVisible()
  },

  'with the log hidden': async ({ tab }) => {
    await tab.page.getByRole('button', { name: 'Hide' }).click()
    await expect(tab.log).toBeHidden()
  },

  'for what is not there': async ({ tab, suite }) => {
    await tab.page.goto(`${suite.url}/nowhere`)
    await expect(tab.page.getByRole('heading', { level: 1 })).toBeVisible()
  },
}

async function hasNoViolation(tab: Tab): Promise<void> {
  const { violations } = await new AxeBuilder({ page: tab.page }).analyze()
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
  expect(found).toEqual([])
}

async function fits(tab: Tab, width: number, height: number): Promise<void> {
  await tab.page.setViewportSize({ width, height })
  const overflow = await tab.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(overflow, `pixels that stick out at ${width}`).toBeLessThanOrEqual(0)
}

for (const [state, reach] of Object.entries(STATES)) {
  test(`the page ${state}: axe finds nothing, light or dark, wide or narrow, and nothing sticks out`, async ({ tab, client, suite }) => {
    await tab.page.emulateMedia({ reducedMotion: 'reduce' })
    await reach({ tab, client, suite })
    for (const colorScheme of ['light', 'dark'] as const) {
      await tab.page.emulateMedia({ colorScheme })
      await hasNoViolation(tab)
    }
    // A small telephone, and a usual window at 200 %, which leaves half of its pixels.
    await fits(tab, 320, 640)
    await hasNoViolation(tab)
    await fits(tab, 640, 400)
  })
}

test('who wants less motion sees none', async ({ tab }) => {
  await tab.page.emulateMedia({ reducedMotion: 'reduce' })
  await tab.create('Still')
  await tab.toggle('Still')
  await tab.delete('Still').hover()
  const longest = await tab.page.evaluate(() =>
    Math.max(0, ...document.getAnimations().map((animation) => Number(animation.effect?.getComputedTiming().endTime ?? 0))),
  )
  expect(longest, 'milliseconds of motion').toBeLessThanOrEqual(10)
})
