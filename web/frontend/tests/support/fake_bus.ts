import type { Bus, OpenBus } from '../../src/tabs/bus'
import type { TabMessage } from '../../src/tabs/messages'

type Listener = (message: TabMessage) => void

/** A BroadcastChannel of which the test owns both the wire and the clock. */
export class FakeBus {
  readonly sent: TabMessage[] = []
  private readonly members = new Set<Listener>()

  /** `alive` turns false when a test crashes the tab. */
  open(alive: () => boolean = () => true): OpenBus {
    return (onMessage): Bus => {
      const listener: Listener = (message) => alive() && onMessage(message)
      this.members.add(listener)
      return {
        post: (message) => alive() && this.post(message, listener),
        close: () => void this.members.delete(listener),
      }
    }
  }

  /** As a tab would that runs other software. */
  say(message: TabMessage): void {
    this.post(message)
  }

  of<T extends TabMessage['type']>(type: T): Extract<TabMessage, { type: T }>[] {
    return this.sent.filter((message): message is Extract<TabMessage, { type: T }> => message.type === type)
  }

  private post(message: TabMessage, sender?: Listener): void {
    this.sent.push(message)
    for (const member of this.members) {
      if (member === sender) continue
      const copy = structuredClone(message)
      setTimeout(() => this.members.has(member) && member(copy))
    }
  }
}
