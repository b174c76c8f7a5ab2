import { expect, test } from '../support/fixtures.ts'
import { notesOf, takeNotes } from '../support/notes.ts'
import type { Suite } from '../support/suite.ts'
import type { Tab } from '../support/tab.ts'
import type { Visitor } from '../support/visitor.ts'

const ROUNDS = 20

const ENDS: Record<string, (leader: Tab) => Promise<unknown>> = {
  close: (leader) => leader.page.close(),
  crash: (leader) => leader.crash(),
  leave: (leader) => leader.page.goto('about:blank'),
}

interface Case {
  locks: boolean
  /** The longest that a fail-over may take on a slow machine. */
  bound: number
}

/** Ends the leader in this way. Returns how long it took until another tab's subscription was confirmed. */
async function failOver(suite: Suite, visitor: Visitor, how: string, locks: boolean): Promise<number> {
  const leader = await visitor.leader()
  const followers = await visitor.followers()
  const ids = await Promise.all(followers.map(async (tab) => (await notesOf(tab)).tabId))
  const before = suite.cableProxy.accepted

  const start = Date.now()
  await ENDS[how]!(leader)
  await visitor.close(leader)
  const next = await visitor.leader()
  await expect.poll(async () => (await notesOf(next)).liveAt).toBeGreaterThan(start)

  for (const tab of followers) await tab.isLive()
  for (const tab of followers) await expect(tab.logged('Became leader')).toHaveCount(tab === next ? 1 : 0)
  if (!locks) expect(await notesOf(next)).toMatchObject({ tabId: ids.toSorted()[0] })
  expect(suite.cableProxy.accepted - before, 'sockets opened since').toBe(1)
  expect(visitor.openSockets()).toBe(1)
  await expect.poll(() => suite.cableSockets()).toBe(1)
  return (await notesOf(next)).liveAt - start
}

function summary(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  return `${sorted[0]}, ${sorted[Math.floor(sorted.length / 2)]}, ${sorted.at(-1)} ms (${times.length})`
}

for (const { locks, bound } of [
  { locks: true, bound: 3_000 },
  { locks: false, bound: 8_000 },
] satisfies Case[]) {
  test(`${ROUNDS} leaders go, with five followers each, ${locks ? 'with' : 'without'} Web Locks`, async ({ suite, visitor }) => {
    test.setTimeout(240_000)
    await takeNotes(visitor, { locks })
    await visitor.openTabs(5)
    const times: Record<string, number[]> = { close: [], crash: [], leave: [] }
    for (let round = 0; round < ROUNDS; round++) {
      await visitor.openTab()
      const how = Object.keys(times)[round % 3]!
      times[how]!.push(await failOver(suite, visitor, how, locks))
    }
    const report = Object.entries(times).map(([how, taken]) => `${how} ${summary(taken)}`)
    console.log(`    fastest, median and slowest fail-over: ${report.join('; ')}`)
    expect(Math.max(...Object.values(times).flat())).toBeLessThan(bound)
  })
}
