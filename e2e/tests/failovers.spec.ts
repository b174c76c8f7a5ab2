import { expect, test } from '../support/fixtures.ts'
import { longestStall, notesOf, takeNotes, watchStalls } from '../support/notes.ts'
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
  /** What a fail-over takes at most, in milliseconds, when nothing else keeps the machine busy: the fastest shows it. */
  promised: number
  /** What half of them may take on a machine that is. */
  bound: number
  /**
   * The right tab is elected at the first go as long as no tab, and no message, stands still longer: by messages a third
   * of the head start, by a lock half of what the next in the queue may take to say that it leads.
   */
  prompt: number
}

/** Ends the leader in this way. Returns how long it took until another tab's subscription was confirmed. */
async function failOver(suite: Suite, visitor: Visitor, how: string, { locks, prompt }: Case): Promise<number> {
  const leader = await visitor.leader()
  const followers = await visitor.followers()
  const ids = await Promise.all(followers.map(async (tab) => (await notesOf(tab)).tabId))
  const before = suite.cableProxy.accepted
  const elections = await electionsOf(followers)

  await watchStalls(followers)
  const start = Date.now()
  await ENDS[how]!(leader)
  await visitor.close(leader)
  const next = await successor(visitor, start)

  for (const tab of followers) await tab.isLive()
  // A tab that cannot hear in time may lead for a moment, until it does.
  if ((await longestStall(followers)) <= prompt) {
    const expected = elections.map((count, index) => count + (followers[index] === next ? 1 : 0))
    await expect.poll(() => electionsOf(followers), { message: 'elections won so far' }).toEqual(expected)
    if (!locks) expect(await notesOf(next)).toMatchObject({ tabId: ids.toSorted()[0] })
    expect(suite.cableProxy.accepted - before, 'sockets opened since').toBe(1)
  }
  await expect.poll(() => visitor.openSockets()).toBe(1)
  await expect.poll(() => suite.cableSockets()).toBe(1)
  return (await notesOf(next)).liveAt - start
}

function electionsOf(tabs: Tab[]): Promise<number[]> {
  return Promise.all(tabs.map((tab) => tab.logged('Became leader').count()))
}

/** Who leads, with a subscription that was confirmed since. */
async function successor(visitor: Visitor, since: number): Promise<Tab> {
  let next = await visitor.leader()
  const liveAt = async () => {
    next = await visitor.leader()
    return (await notesOf(next)).liveAt
  }
  await expect.poll(liveAt, { message: 'when the subscription was confirmed' }).toBeGreaterThan(since)
  return next
}

function summary(times: number[]): string {
  return `${Math.min(...times)}, ${median(times)}, ${Math.max(...times)} ms (${times.length})`
}

function median(times: number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!
}

for (const example of [
  { locks: true, promised: 500, bound: 3_000, prompt: 500 },
  { locks: false, promised: 6_000, bound: 8_000, prompt: 100 },
] satisfies Case[]) {
  const { locks, promised, bound } = example
  test(`${ROUNDS} leaders go, with five followers each, ${locks ? 'with' : 'without'} Web Locks`, async ({ suite, visitor }) => {
    test.setTimeout(600_000)
    await takeNotes(visitor, { locks })
    await visitor.openTabs(5)
    const times: Record<string, number[]> = { close: [], crash: [], leave: [] }
    for (let round = 0; round < ROUNDS; round++) {
      await visitor.openTab()
      const how = Object.keys(times)[round % 3]!
      times[how]!.push(await failOver(suite, visitor, how, example))
    }
    const report = Object.entries(times).map(([how, taken]) => `${how} ${summary(taken)}`)
    console.log(`    fastest, median and slowest fail-over: ${report.join('; ')}`)
    for (const [how, taken] of Object.entries(times)) {
      expect(Math.min(...taken), how).toBeLessThanOrEqual(promised)
      expect(median(taken), how).toBeLessThan(bound)
    }
  })
}
