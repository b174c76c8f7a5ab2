import type { Bus, OpenBus } from '../../../src/tabs/bus'
import type { TabMessage } from '../../../src/tabs/messages'

/**
 * A tab that knows `discover`, `ping` and `data` and no more, neither locks nor resignations:
 * half a second after it has asked it leads, and again five seconds after the last ping.
 */
export class OldTab {
  leading = false
  private readonly bus: Bus
  private heartbeat: ReturnType<typeof setInterval> | undefined
  private timeout: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly id: string,
    openBus: OpenBus,
  ) {
    this.bus = openBus((message) => this.hear(message))
    this.send('discover')
    setTimeout(() => !this.timeout && this.lead(), 500)
  }

  stop(): void {
    this.leading = false
    clearInterval(this.heartbeat)
    clearTimeout(this.timeout)
    this.bus.close()
  }

  private hear({ type, from }: TabMessage): void {
    if (type === 'discover' && this.leading) this.send('ping')
    if (type !== 'ping') return
    if (this.leading && from < this.id) this.follow()
    clearTimeout(this.timeout)
    this.timeout = setTimeout(() => this.lead(), 5_000)
  }

  private lead(): void {
    if (this.leading) return
    this.leading = true
    clearTimeout(this.timeout)
    this.heartbeat = setInterval(() => this.send('ping'), 2_000)
    this.send('ping')
  }

  private follow(): void {
    this.leading = false
    clearInterval(this.heartbeat)
  }

  private send(type: 'discover' | 'ping'): void {
    this.bus.post({ type, payload: null, from: this.id })
  }
}
