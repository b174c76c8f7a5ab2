import { isAccessible } from '../support/accessible.ts'
import type { Client } from '../support/client.ts'
import { expect, test } from '../support/fixtures.ts'
import type { Suite } from '../support/suite.ts'
import type { Tab } from '../support/tab.ts'
import { TodoMvc } from '../support/todomvc.ts'

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

  'with a title that is being edited': async ({ tab, client }) => {
    await client.create(LONG)
    await (await TodoMvc.open(tab.page)).edit(LONG)
  },

  'with a filter that shows nothing': async ({ tab, client }) => {
    await client.create('Active')
    await tab.page.getByRole('link', { name: 'Completed' }).click()
    await expect(tab.page.getByText('Nothing is completed yet.')).toBeVisible()
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

for (const [state, reach] of Object.entries(STATES)) {
  test(`the page ${state}: axe finds nothing, light or dark, wide or narrow, and nothing sticks out`, async ({ tab, client, suite }) => {
    await reach({ tab, client, suite })
    await isAccessible(tab)
  })
}

test('who wants less motion sees none, whatever changes', async ({ tab }) => {
  await tab.page.emulateMedia({ reducedMotion: 'reduce', colorScheme: 'light' })
  await tab.create('Still')
  await tab.toggle('Still')
  await tab.delete('Still').hover()
  expect(await motions(tab)).toBe(0)
  await tab.page.emulateMedia({ colorScheme: 'dark' })
  expect(await motions(tab)).toBe(0)
})

function motions({ page }: Tab): Promise<number> {
  return page.evaluate(() => document.getAnimations().length)
}
