import { PlainChromium, type PlainTab } from '../support/plain_chromium.ts'
import { expect, openTab, test, WITHOUT_LOCKS } from '../support/plain_fixtures.ts'

// Otherwise five minutes in the background would have to pass.
const SOON = '--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/10'

test.use({ flags: [SOON] })

/** Lets the tab note how long its timers have to wait. */
async function watchTimers(tab: PlainTab): Promise<void> {
  await tab.evaluate(`{
    let last = Date.now()
    window.longestWait = 0
    setInterval(() => {
      window.longestWait = Math.max(window.longestWait, Date.now() - last)
      last = Date.now()
    }, 1000)
  }`)
}

/** A leader that has not answered in half a second may be replaced. This is half of that. */
const PROMPT = 250

/** Lets the tab in front note how long an answer from the hidden one takes at most, on a machine that does other things beside. */
async function watchAnswers([hidden, front]: [PlainTab, PlainTab]): Promise<void> {
  await hidden.evaluate(`{
    window.echoes = new BroadcastChannel('echoes')
    echoes.onmessage = ({ data }) => echoes.postMessage(data)
  }`)
  await front.evaluate(`{
    window.slowestAnswer = 0
    window.echoes = new BroadcastChannel('echoes')
    echoes.onmessage = ({ data }) => (slowestAnswer = Math.max(slowestAnswer, Date.now() - data))
    setInterval(() => echoes.postMessage(Date.now()), 100)
  }`)
}

async function openPair(chromium: PlainChromium, url: string, script = ''): Promise<[PlainTab, PlainTab]> {
  const hidden = await openTab(chromium, url, script)
  const front = await openTab(chromium, url, script)
  await watchTimers(hidden)
  await expect.poll(() => hidden.isHidden()).toBe(true)
  expect(await front.isHidden()).toBe(false)
  return [hidden, front]
}

/** From the next pause between two attempts on, none ends. */
async function waitForEver(tab: PlainTab): Promise<void> {
  await tab.evaluate(`{
    const SILENCE_MS = 6000
    window.setTimeout = (_task, ms) => {
      if (ms >= 200 && ms !== SILENCE_MS) window.waitsForEver = true
      return 0
    }
  }`)
  await expect.poll(() => tab.evaluate('window.waitsForEver')).toBe(true)
}

async function keepsTheLead([hidden, front]: [PlainTab, PlainTab]): Promise<void> {
  if ((await front.evaluate<number>('slowestAnswer')) > PROMPT) return hasOneLeader([hidden, front])
  expect([await hidden.role(), await front.role()]).toEqual(['Leader', 'Follower'])
  expect([await hidden.logged('Became leader'), await front.logged('Became leader')]).toEqual([1, 0])
}

async function hasOneLeader(tabs: PlainTab[]): Promise<void> {
  await expect.poll(async () => (await Promise.all(tabs.map((tab) => tab.role()))).sort()).toEqual(['Follower', 'Leader'])
}

test('a hidden leader whose timers run once a minute keeps the lead, with and without Web Locks', async ({ chromium, suite, client }) => {
  test.setTimeout(240_000)
  const other = new PlainChromium([SOON])
  const pairs = [await openPair(chromium, suite.url), await openPair(other, suite.url, WITHOUT_LOCKS)]
  for (const pair of pairs) await watchAnswers(pair)
  for (const [hidden] of pairs) {
    await expect.poll(() => hidden.evaluate<number>('window.longestWait'), { timeout: 200_000, intervals: [1_000] }).toBeGreaterThan(30_000)
  }

  for (const pair of pairs) await keepsTheLead(pair)
  await client.create('Late news')
  for (const tab of pairs.flat()) await expect.poll(() => tab.titles()).toEqual(['Late news'])
  for (const pair of pairs) await keepsTheLead(pair)
  await expect.poll(() => suite.cableSockets()).toBe(2)
  await other.close()
})

test('a hidden follower whose timers are throttled takes over at once', async ({ chromium, suite, client }) => {
  const [leader, follower] = await openPair(chromium, suite.url)
  const elsewhere = await chromium.openTab(`${suite.url}/up`)
  for (const tab of [leader, follower]) await expect.poll(() => tab.isHidden()).toBe(true)
  await leader.goTo('about:blank')
  await expect.poll(() => follower.role()).toBe('Leader')
  await expect.poll(() => follower.status()).toBe('Live')
  await expect.poll(() => suite.cableSockets()).toBe(1)
  await client.create('In the dark')
  await expect.poll(() => follower.titles()).toEqual(['In the dark'])
  expect(await elsewhere.isHidden()).toBe(false)
})

test('a tab that comes to the front connects at once, however long it would have waited', async ({ chromium, suite, client }) => {
  const tab = await openTab(chromium, suite.url)
  await chromium.openTab(`${suite.url}/up`)
  await suite.killCable()
  await expect.poll(() => tab.status()).toBe('Reconnecting…')
  await waitForEver(tab)
  await client.create('Meanwhile')
  await suite.startCable()
  expect(await tab.status()).toBe('Reconnecting…')
  await tab.bringToFront()
  await expect.poll(() => tab.status()).toBe('Live')
  await expect.poll(() => tab.titles()).toEqual(['Meanwhile'])
  await expect.poll(() => suite.cableSockets()).toBe(1)
})
