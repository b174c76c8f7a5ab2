import type { Bus, OpenBus } from '../../../src/tabs/bus'
import type { TabMessage } from '../../../src/tabs/messages'
import type { MainThread } from './main_thread'

interface Member {
  thread: MainThread
  hear(message: TabMessage): void
  /** When the last message from each other member arrives: the next one cannot overtake it. */
  arrivals: Map<Member, number>
}

/** A BroadcastChannel between main threads: slow, and not quite reliable, but in order. */
export class Channel {
  private readonly members = new Set<Member>()

  constructor(
    private readonly delay: () => number,
    private readonly delivers: () => boolean,
  ) {}

  open(thread: MainThread): OpenBus {
    return (hear): Bus => {
      const member: Member = { thread, hear, arrivals: new Map() }
      this.members.add(member)
      return {
        post: (message) => this.post(message, member),
        close: () => void this.members.delete(member),
      }
    }
  }

  private post(message: TabMessage, sender: Member): void {
    for (const member of this.members) {
      if (member === sender || !this.delivers()) continue
      const { timeline } = sender.thread
      const arrival = Math.max(timeline.now + this.delay(), member.arrivals.get(sender) ?? 0)
      member.arrivals.set(sender, arrival)
      timeline.at(arrival, () => {
        member.thread.post(() => this.members.has(member) && member.hear(structuredClone(message)))
      })
    }
  }
}
