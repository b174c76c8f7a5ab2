import type { Tab } from './tab.ts'
import type { Visitor } from './visitor.ts'

/** What a page notes about itself. Times are those of the clock that all tabs of one machine share. */
export interface Notes {
  tabId: string
  /** When its subscription was last confirmed. */
  liveAt: number
}

type NotingWindow = Window & typeof globalThis & { notes: Notes }

/** Lets the pages that this visitor opens from now on take notes. */
export async function takeNotes(visitor: Visitor, { locks = true } = {}): Promise<void> {
  await visitor.context.addInitScript(() => {
    const notes: Notes = { tabId: '', liveAt: 0 }
    Object.assign(window, { notes })

    const post = BroadcastChannel.prototype.postMessage
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
