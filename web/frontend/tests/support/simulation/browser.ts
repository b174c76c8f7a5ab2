import { Channel } from './channel'
import { LockManager } from './lock_manager'
import { SimTab, type Kind } from './tab'
import { randomNumbers, Timeline } from './timeline'

export interface Weather {
  /** What runs in the tabs: one of these each, at random, but only one is `old` at a time. */
  kinds: Kind[]
  /** Share of messages that get lost. */
  loss: number
  /** Longest time that a message takes. */
  delay: number
  /** Slowest and fastest clock. */
  clocks: [number, number]
  /** How long the timers of hidden tabs may wait. */
  throttle: number
  /** What befalls tabs besides opening and closing. */
  troubles: Trouble[]
}

export type Trouble = 'crash' | 'hang' | 'freeze' | 'stall' | 'hide'

/** Tabs that come and go as chance has it, and how long none or two of them lead. */
export class Browser {
  readonly timeline = new Timeline()
  readonly random: () => number
  readonly channel: Channel
  readonly locks: LockManager
  readonly tabs: SimTab[] = []
  /** The longest that two tabs led at once, and that none did although one could. */
  longest = { overlap: 0, vacancy: 0 }
  private lastSingle = 0
  private lastLed = 0

  constructor(
    seed: number,
    private readonly weather: Weather,
  ) {
    this.random = randomNumbers(seed)
    this.channel = new Channel(
      () => this.random() * weather.delay,
      () => this.random() >= weather.loss,
    )
    this.locks = new LockManager(() => this.random() * 20)
  }

  async live(ms: number): Promise<void> {
    this.open()
    for (let now = 0; now < ms; now += 100) this.timeline.at(now, () => this.chance())
    await this.timeline.runUntil(ms, () => this.look())
  }

  private chance(): void {
    const alive = this.tabs.filter((tab) => tab.alive)
    const leading = alive.filter((tab) => tab.leading)
    if (this.random() < (alive.length < 2 ? 0.05 : alive.length < 7 ? 0.012 : 0)) this.open()
    if (alive.length > 1 && this.random() < 0.008) this.pick(alive).close()
    for (const trouble of this.weather.troubles) if (alive.length > 0 && this.random() < 0.006) this.befall(this.pick(alive), trouble)
    // Whoever has just claimed the lead and is gone before it has a socket has led nevertheless.
    if (leading.some((tab) => !tab.leading)) this.lastLed = this.timeline.now
  }

  private open(): void {
    const { kinds, clocks, throttle } = this.weather
    const hasOld = this.tabs.some((tab) => tab.alive && tab.kind === 'old')
    const kind = this.pick(kinds.filter((kind) => kind !== 'old' || !hasOld))
    const id = Math.floor(this.random() * 2 ** 32).toString(16).padStart(8, '0')
    const rate = clocks[0] + this.random() * (clocks[1] - clocks[0])
    this.tabs.push(new SimTab(id, kind, this, rate, throttle))
  }

  private befall(tab: SimTab, trouble: Trouble): void {
    if (tab.thread.state !== 'running') return
    if (trouble === 'hide') return tab.setHidden(!tab.thread.hidden)
    tab[trouble]()
    this.timeline.at(this.timeline.now + 500 + this.random() * 20_000, () => tab.alive && tab.resume())
  }

  private look(): void {
    const { now } = this.timeline
    const leaders = this.tabs.filter((tab) => tab.confirmed).length
    if (leaders < 2) this.lastSingle = now
    if (leaders > 0) this.lastLed = now
    const able = this.tabs.flatMap(({ ableSince }) => ableSince ?? [])
    const vacancy = now - Math.max(this.lastLed, Math.min(...able, now))
    this.longest.overlap = Math.max(this.longest.overlap, now - this.lastSingle)
    this.longest.vacancy = Math.max(this.longest.vacancy, vacancy)
  }

  private pick<T>(all: T[]): T {
    return all[Math.floor(this.random() * all.length)]!
  }
}
