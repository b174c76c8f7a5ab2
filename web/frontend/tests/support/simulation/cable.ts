import type { MainThread } from './main_thread'

/** The cable counts as dead when it has been silent for this long; the server pings every 3 s. */
const DEAF_MS = 7_000
const PING_MS = 3_000
/** Until a thread that has just woken up has read its socket, or replaced it. */
const WAKING_MS = 200

/** The socket of a simulated tab, as far as the election is concerned. */
export class SimCable {
  isOpen = false
  private isAsleep = false
  /** By the tab's own clock. */
  private lastHeard = 0

  constructor(
    private readonly thread: MainThread,
    private readonly random: () => number,
  ) {}

  open(): void {
    this.isOpen = true
    this.lastHeard = this.thread.clock()
  }

  close(): void {
    this.isOpen = false
  }

  fallAsleep(): void {
    this.isAsleep = true
    this.lastHeard = this.thread.clock() - this.random() * PING_MS
  }

  wakeUp(): void {
    const { timeline } = this.thread
    timeline.at(timeline.now + this.random() * WAKING_MS, () => (this.isAsleep = false))
  }

  /** While the thread runs, the socket is read, and one that has gone silent is replaced. */
  isDeaf(): boolean {
    return this.isOpen && this.isAsleep && this.thread.clock() - this.lastHeard > DEAF_MS
  }
}
