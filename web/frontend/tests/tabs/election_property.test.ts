import { beforeEach, describe, expect, it } from 'vitest'
import { TIMING } from '../../src/tabs/timing'
import { Browser, type Trouble, type Weather } from '../support/simulation/browser'
import { MainThread } from '../support/simulation/main_thread'
import type { Kind } from '../support/simulation/tab'

const SEEDS = 12
const LIFE_MS = 120_000

beforeEach(() => MainThread.installGlobals())

interface Bounds {
  /** How long two tabs may lead, each with a socket. */
  overlap: number
  /** How long none may, while one is visible and its main thread free. */
  vacancy: number
}

async function holds(weather: Weather, bounds: Bounds): Promise<void> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const browser = new Browser(seed, weather)
    await browser.live(LIFE_MS)
    expect(browser.longest.overlap, `two leaders, seed ${seed}`).toBeLessThanOrEqual(bounds.overlap)
    expect(browser.longest.vacancy, `no leader, seed ${seed}`).toBeLessThanOrEqual(bounds.vacancy)
  }
}

/** Seven seconds by the slowest clock. */
const vacancy = ({ clocks }: Weather) => 7_000 / clocks[0]

/** There and back for a message, and the settling time. With losses as many heartbeats more. */
const overlap = ({ delay, clocks }: Weather, heartbeats = 0) =>
  2 * delay + (TIMING.settle + heartbeats * TIMING.heartbeat) / clocks[0]

const CLOCKS: [number, number][] = [[1, 1], [0.8, 1.25]]
const LOSSES = [0, 0.02, 0.1]
const MISSED = { 0: 0, 0.02: 1, 0.1: 2 } as Record<number, number>

function weathers(kinds: Kind[], troubles: Trouble[], losses = LOSSES, throttles = [1_000, 60_000]): Weather[] {
  return losses.flatMap((loss) =>
    CLOCKS.flatMap((clocks) =>
      [30, 240].flatMap((delay) => throttles.map((throttle) => ({ kinds, troubles, loss, clocks, delay, throttle }))),
    ),
  )
}

const title = '$loss lost, $delay ms late, clocks $clocks, throttled to $throttle ms'

describe('with Web Locks, never two leaders', () => {
  it.each(weathers(['locks'], ['crash', 'freeze'], LOSSES, [60_000]))(`and none for 0.5 s: ${title}`, (weather) =>
    holds(weather, { overlap: 0, vacancy: 500 }),
  )

  // The timers of a hidden successor wait for a full second.
  it.each(weathers(['locks'], ['crash', 'freeze', 'hide']))(`and none for 1.5 s, when tabs are hidden: ${title}`, (weather) =>
    holds(weather, { overlap: 0, vacancy: 1_500 }),
  )

  it.each(weathers(['locks'], ['crash', 'freeze', 'hide', 'hang']))(`and none for 7 s, when tabs hang: ${title}`, (weather) =>
    holds(weather, { overlap: 0, vacancy: vacancy(weather) }),
  )
})

describe.each<[string, Kind[]]>([
  ['without Web Locks', ['messages']],
  ['with and without Web Locks', ['locks', 'messages']],
])('%s', (_, kinds) => {
  it.each(weathers(kinds, ['crash', 'freeze', 'hide', 'hang']))(`two leaders see each other, and none for 7 s: ${title}`, (weather) =>
    holds(weather, { overlap: overlap(weather, MISSED[weather.loss]), vacancy: vacancy(weather) }),
  )
})

/**
 * It tells nobody that it goes, asks nobody before it leads, closes its eyes to higher ids, and answers while it is frozen:
 * then the others can only believe it, so no freezing here. A hidden one that has missed a leader finds out a minute later.
 */
describe('beside a tab of the basic protocol', () => {
  const kinds: Kind[] = ['locks', 'messages', 'old']
  const all = [...weathers(kinds, ['crash', 'hang', 'hide'], [0]), ...weathers(kinds, ['crash', 'hang'], [0.02, 0.1], [1_000])]

  it.each(all)(`two leaders see each other with the next heartbeat, and none for 7 s: ${title}`, (weather) =>
    holds(weather, { overlap: overlap(weather, MISSED[weather.loss]! + 1), vacancy: vacancy(weather) }),
  )
})

/** The cable's silence tells after 7 s, and a follower asks 5.5 s later at the latest. */
describe('when timers stand still without notice', () => {
  it.each([...weathers(['locks'], ['stall'], [0]), ...weathers(['messages'], ['stall'], [0])])(`a leader for all but 13 s: ${title}`, (weather) =>
    holds(weather, { overlap: overlap(weather), vacancy: 13_000 / weather.clocks[0] }),
  )
})
