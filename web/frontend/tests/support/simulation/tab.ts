import { Election } from '../../../src/tabs/election'
import { webLock } from '../../../src/tabs/lock'
import type { Browser } from './browser'
import { SimCable } from './cable'
import { MainThread } from './main_thread'
import { OldTab } from './old_tab'

/** What runs in it: the election as it is, the same without Web Locks, or the bare protocol. */
export type Kind = 'locks' | 'messages' | 'old'

/** One tab of a simulated browser. */
export class SimTab {
  readonly thread: MainThread
  /** Since when it could lead at any moment: visible, and its main thread free. */
  ableSince: number | null
  private readonly cable: SimCable
  private election: Election | OldTab | null = null

  constructor(
    readonly id: string,
    readonly kind: Kind,
    private readonly browser: Browser,
    rate: number,
    intensive: number,
  ) {
    this.thread = new MainThread(browser.timeline, rate, intensive)
    this.cable = new SimCable(this.thread, browser.random)
    this.ableSince = browser.timeline.now
    this.thread.run(() => (this.election = kind === 'old' ? this.oldTab() : this.newTab(kind)))
  }

  get alive(): boolean {
    return this.thread.state !== 'dead'
  }

  /** Claims to lead, rightly or not. */
  get leading(): boolean {
    return this.thread.state === 'running' && (this.election?.leading ?? false)
  }

  /** Leads, holds a socket, and is not asleep. */
  get confirmed(): boolean {
    return this.leading && (this.kind === 'old' || this.cable.isOpen)
  }

  close(): void {
    if (this.thread.state !== 'hung') this.thread.run(() => this.election?.stop())
    this.crash()
  }

  crash(): void {
    this.thread.state = 'dead'
    this.browser.locks.forget(this.thread)
    this.noteAbility()
  }

  /** Nothing runs any more, for a while. */
  hang(): void {
    this.fallAsleep('hung')
  }

  /** As browsers do, which tell the page before. */
  freeze(): void {
    if (this.election instanceof Election) this.thread.run(() => this.election?.stop())
    this.stall()
  }

  /** The same unannounced: messages are heard, but no timer runs, nor is anything read from the socket. */
  stall(): void {
    this.fallAsleep('frozen')
  }

  private fallAsleep(state: 'hung' | 'frozen'): void {
    this.thread.state = state
    this.cable.fallAsleep()
    this.noteAbility()
  }

  resume(): void {
    this.thread.resume()
    const { election } = this
    // Nothing happens unless it was told to stop.
    if (election instanceof Election) this.thread.post(() => election.start())
    this.cable.wakeUp()
    this.noteAbility()
  }

  setHidden(hidden: boolean): void {
    this.thread.setHidden(hidden)
    const { election } = this
    if (!hidden && election instanceof Election) this.thread.post(() => election.wake())
    this.noteAbility()
  }

  private noteAbility(): void {
    const able = this.thread.state === 'running' && !this.thread.hidden
    this.ableSince = able ? (this.ableSince ?? this.browser.timeline.now) : null
  }

  private oldTab(): OldTab {
    return new OldTab(this.id, this.browser.channel.open(this.thread))
  }

  private newTab(kind: Kind): Election {
    const { channel, locks } = this.browser
    const election = new Election(
      {
        id: this.id,
        channel: 'todos-sync',
        openBus: channel.open(this.thread),
        makeLock: kind === 'locks' ? webLock(locks.for(this.thread), 'leader') : null,
        visible: () => !this.thread.hidden,
        log: () => {},
      },
      {
        roleChanged: () => {},
        takeUp: () => this.cable.open(),
        layDown: () => this.cable.close(),
        isDeaf: () => this.cable.isDeaf(),
        link: () => 'live',
        snapshot: () => null,
        position: () => null,
        received: () => {},
        leaderLink: () => {},
      },
    )
    election.start()
    return election
  }
}
