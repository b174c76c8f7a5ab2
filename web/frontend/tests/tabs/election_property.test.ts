import { beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeBus } from '../support/fake_bus'
import { wait, World } from '../support/world'

beforeEach(() => {
  vi.useFakeTimers()
})

/** Small and repeatable: a failing seed can be run again. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

const SEEDS = Array.from({ length: 25 }, (_, index) => index + 1)
const STEP = 50

const weathers = [
  { locks: true, loss: 0, leaderless: 50, twoSockets: 0 },
  { locks: false, loss: 0, leaderless: 7_000, twoSockets: 0 },
  // A lost ping is made up for by the next heartbeat.
  { locks: true, loss: 0.02, leaderless: 50, twoSockets: 2_200 },
  { locks: false, loss: 0.02, leaderless: 7_000, twoSockets: 2_200 },
]

describe.each(weathers)('under random delays, arrivals and deaths, $loss lost, Web Locks: $locks', ({ locks, loss, leaderless, twoSockets }) => {
  it.each(SEEDS)('is not without a leader nor with two sockets for long, seed %i', async (seed) => {
    const random = randomNumbers(seed)
    const bus = new FakeBus(
      () => Math.floor(random() * 30),
      () => random() >= loss,
    )
    const world = new World(bus, { locks })
    let without = 0
    let withTwo = 0
    let opened = 0

    for (let now = 0; now < 60_000; now += STEP) {
      if (now < 40_000 && random() < 0.01) world.open(`${Math.floor(random() * 1e6)}-${opened++}`)
      if (now < 40_000 && random() < 0.004) leave(world, random)
      await wait(STEP)
      const anybody = world.tabs.some(({ alive }) => alive)
      without = anybody && world.leaders.length === 0 ? without + STEP : 0
      withTwo = world.sockets > 1 ? withTwo + STEP : 0
      expect(without, `nobody leads at ${now}`).toBeLessThanOrEqual(leaderless)
      expect(withTwo, `two sockets at ${now}`).toBeLessThanOrEqual(twoSockets)
    }
  })
})

function leave(world: World, random: () => number): void {
  const alive = world.tabs.filter((tab) => tab.alive)
  const tab = alive[Math.floor(random() * alive.length)]
  if (!tab) return
  if (random() < 0.5) tab.crash()
  else {
    tab.election.stop()
    tab.alive = false
  }
}
