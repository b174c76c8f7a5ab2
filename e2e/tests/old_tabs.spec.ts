import type { Suite } from '../support/suite.ts'
import type { Visitor } from '../support/visitor.ts'
import { expect, test } from '../support/fixtures.ts'
import { takeNotes } from '../support/notes.ts'
import { OldTab } from '../support/old_tab.ts'

// The plain page on which older tabs live has no icon.
test.use({ expectedErrors: [/^Failed to load resource.*404/] })

const LOWEST = '00000000'
const HIGHEST = 'zzzzzzzz'

async function openOld(visitor: Visitor, suite: Suite, id: string, options = {}): Promise<OldTab> {
  const page = await visitor.context.newPage()
  await page.goto(`${suite.url}/up`)
  return OldTab.open(page, id, options)
}

for (const locks of [true, false]) {
  test.describe(`beside a tab of the basic protocol, ${locks ? 'with' : 'without'} Web Locks`, () => {
    test.beforeEach(async ({ visitor, suite }) => {
      await takeNotes(visitor, { locks })
      await expect.poll(() => suite.cableSockets(), 'sockets of the test before').toBe(0)
    })

    test('the older tab follows the leader that is there, and gets what changes', async ({ visitor, suite, client }) => {
      const tab = await visitor.openTab()
      // Half a second is long for an answer, but not for a machine that does something else meanwhile.
      const old = await openOld(visitor, suite, LOWEST, { patient: true })
      await expect.poll(() => old.hasLeader()).toBe(true)
      await client.create('For all')
      await expect.poll(() => old.titles()).toEqual(['For all'])
      await tab.shows('For all')
      expect([await tab.leads(), await old.leads()]).toEqual([true, false])
      await expect.poll(() => suite.cableSockets()).toBe(1)
    })

    test('the older tab leads when it was there first, until it goes', async ({ visitor, suite, client }) => {
      const old = await openOld(visitor, suite, LOWEST)
      await expect.poll(() => old.leads()).toBe(true)
      const tab = await visitor.openTab()
      await expect(tab.badge).toHaveText('Follower')
      await expect.poll(() => suite.cableSockets()).toBe(0)

      await tab.create('My own')
      await old.page.close()
      await expect(tab.badge).toHaveText('Leader')
      await client.create('Afterwards')
      await tab.shows('Afterwards', 'My own')
      await expect.poll(() => suite.cableSockets()).toBe(1)
    })

    test('of two leaders the one with the lower id stays', async ({ visitor, suite }) => {
      const tab = await visitor.openTab()
      const high = await openOld(visitor, suite, HIGHEST, { patient: true })
      await high.lead()
      await expect.poll(() => high.leads()).toBe(false)
      expect(await tab.leads()).toBe(true)
      await expect(tab.logged('Became leader')).toHaveCount(1)

      const low = await openOld(visitor, suite, LOWEST, { patient: true })
      await low.lead()
      await expect(tab.badge).toHaveText('Follower')
      await expect.poll(() => suite.cableSockets()).toBe(0)
      expect([await low.leads(), await high.leads()]).toEqual([true, false])
    })
  })
}
