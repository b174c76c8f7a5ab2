import type { Tab } from './tab.ts'
import type { Visitor } from './visitor.ts'

/** What a page notes about itself. Times are those of the clock that all tabs of one machine share. */
export interface Notes {
  tabId: string
  /** When its subscription was last confirmed. */
  liveAt: number
  /** The longest that its main thread stood still, or a message took to it, since this was set to 0 last, in milliseconds. */
  stall: number
}

type NotingWindow = Window & typeof globalThis & { notes: Notes }

/** Lets the pages that this visitor opens from now on take notes. */
export async function takeNotes(visitor: Visitor, { locks = true } = {}): Promise<void> {
  await visitor.context.addInitScript(() => {
    const notes: Notes = { tabId: '', liveAt: 0, stall: 0 }
    Object.assign(window, { notes })

    const TICK = 20
    let last = Date.now()
    const stoodStill = (ms: number) => (notes.stall = Math.max(notes.stall, ms))
    setInterval(() => {
      stoodStill(Date.now() - last - TICK)
      last = Date.now()
    }, TICK)

    // What passes messages on is another process, and may be late when no tab is.
    const post = BroadcastChannel.prototype.postMessage
    const probes = new BroadcastChannel('probes')
    probes.onmessage = ({ data }) => stoodStill(Date.now() - data)
    setInterval(() => post.call(probes, Date.now()), 100)

    BroadcastChannel.prototype.postMessage = function (message: { from: string }) {
      notes.tabId = message.from
      post.call(this, message)
    }

    window.WebSocket = class extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols)
        this.addEventListener('message', ({ data }) => {
          if (String(data).includes('"confirm_subscription"')) notes.liveAt = Date.now()
        })
      }
    }
  })
  if (!locks) await visitor.context.addInitScript('delete Navigator.prototype.locks')
}

export function notesOf(tab: Tab): Promise<Notes> {
  return tab.page.evaluate(() => (window as NotingWindow).notes)
}

/** Counts the stalls of these tabs from now on. */
export async function watchStalls(tabs: Tab[]): Promise<void> {
  for (const tab of tabs) await tab.page.evaluate(() => void ((window as NotingWindow).notes.stall = 0))
}

/** The longest that any of these tabs stood still. */
export async function longestStall(tabs: Tab[]): Promise<number> {
  const notes = await Promise.all(tabs.map(notesOf))
  return Math.max(...notes.map(({ stall }) => stall))
}
