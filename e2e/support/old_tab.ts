import type { Page } from '@playwright/test'

interface OldTabState {
  leading: boolean
  pings: number
  lists: { title: string }[][]
  lead(): void
}

type OldWindow = Window & typeof globalThis & { oldTab: OldTabState }

/**
 * A page that knows `discover`, `ping` and `data` and nothing else: half a second after it has asked it leads,
 * and again five seconds after the last ping. It has no socket, so that all that are open are those of others.
 */
export class OldTab {
  private constructor(readonly page: Page) {}

  /** `page` must be of the same origin as the list. A patient one leads only when it is told to. */
  static async open(page: Page, id: string, { patient = false } = {}): Promise<OldTab> {
    await page.evaluate(speak, { id, patient })
    return new OldTab(page)
  }

  /** Whether a leader has answered it. */
  hasLeader(): Promise<boolean> {
    return this.page.evaluate(() => (window as OldWindow).oldTab.pings > 0)
  }

  leads(): Promise<boolean> {
    return this.page.evaluate(() => (window as OldWindow).oldTab.leading)
  }

  /** Titles of the last list that it has got. */
  titles(): Promise<string[] | undefined> {
    return this.page.evaluate(() => (window as OldWindow).oldTab.lists.at(-1)?.map(({ title }) => title))
  }

  /** As after five seconds without a ping. */
  lead(): Promise<void> {
    return this.page.evaluate(() => (window as OldWindow).oldTab.lead())
  }
}

function speak({ id, patient }: { id: string; patient: boolean }): void {
  const channel = new BroadcastChannel('todos-sync')
  const send = (type: string) => channel.postMessage({ type, payload: null, from: id })
  let heartbeat: ReturnType<typeof setInterval> | undefined
  let timeout: ReturnType<typeof setTimeout> | undefined

  const leadUnasked = () => patient || tab.lead()
  const tab: OldTabState = {
    leading: false,
    pings: 0,
    lists: [],
    lead() {
      if (tab.leading) return
      tab.leading = true
      clearTimeout(timeout)
      heartbeat = setInterval(() => send('ping'), 2_000)
      send('ping')
    },
  }
  const follow = () => {
    tab.leading = false
    clearInterval(heartbeat)
  }

  channel.onmessage = ({ data: { type, from, payload } }) => {
    if (type === 'ping') {
      tab.pings++
      if (tab.leading && from < id) follow()
      clearTimeout(timeout)
      timeout = setTimeout(leadUnasked, 5_000)
    } else if (type === 'discover' && tab.leading) send('ping')
    else if (type === 'data' && !tab.leading && payload) tab.lists.push(payload)
  }
  send('discover')
  setTimeout(() => !timeout && leadUnasked(), 500)
  Object.assign(window, { oldTab: tab })
}
