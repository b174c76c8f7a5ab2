import type { Connection, LogWriter } from '../types'
import { backoff } from './backoff'
import type { Position } from './position'
import type { History } from './protocol'
import { CableSocket, cableUrl, type SocketOwner } from './socket'

/** The server pings every 3 s: after two missed pings the socket is replaced. */
export const SILENCE_MS = 6_000
/** When even that has not happened, this tab's timers are at a standstill. */
export const DEAF_MS = 7_000

const CHANNEL = 'TodosChannel'

export interface LinkOptions {
  /** From where on to resume, if anywhere. */
  history(): History | null
  received(message: unknown, position: Position | null): void
  historyLost(): void
  statusChanged(status: Connection): void
  log: LogWriter
  random?: () => number
}

/** This tab's connection while it leads: kept open, reopened, and really closed. */
export class CableLink {
  status: Connection = 'connecting'
  private wanted = false
  private socket: CableSocket | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private attempt = 0
  /** When a sign of life is due: a message, an opened socket or the next attempt. */
  private dueBy = 0

  constructor(private readonly options: LinkOptions) {}

  open(): void {
    if (this.wanted) return
    this.wanted = true
    this.attempt = 0
    this.setStatus('connecting')
    this.connect()
  }

  close(): void {
    if (!this.wanted) return
    this.wanted = false
    this.socket?.leave()
    this.disconnected('connecting')
  }

  /** The network is back, or somebody is looking: no reason to wait any longer. */
  retryNow(): void {
    if (!this.wanted || this.socket) return
    this.attempt = 0
    this.setStatus('reconnecting')
    this.connect()
  }

  /** Do not wait for a socket that cannot work: its closing may take minutes. */
  drop(): void {
    if (!this.socket) return
    this.socket.abandon()
    this.tryAgain()
  }

  /** All seems well, but nothing arrives: a dead network, or a frozen tab's timers. */
  isDeaf(): boolean {
    return this.wanted && this.status !== 'offline' && Date.now() > this.dueBy
  }

  private connect(): void {
    this.socket = new CableSocket(cableUrl(), CHANNEL, this.owner)
    this.expectLife()
    this.dropIfSilent()
  }

  private readonly owner: SocketOwner = {
    alive: () => {
      this.expectLife()
      // Until it is confirmed, the subscription has no more time than that in all.
      if (this.status === 'live') this.dropIfSilent()
    },
    confirmed: () => {
      this.attempt = 0
      this.dropIfSilent()
      this.options.log('cable', `Connected to ${CHANNEL}`)
      this.setStatus('live')
    },
    history: () => this.options.history(),
    received: (message, position) => this.options.received(message, position),
    historyLost: () => this.options.historyLost(),
    lost: () => this.tryAgain(),
    dismissed: (why) => {
      this.disconnected('offline')
      this.options.log('cable', `Staying away: ${why}`)
    },
  }

  private tryAgain(): void {
    this.disconnected('reconnecting')
    const wait = backoff(this.attempt++, this.options.random)
    this.expectLife(wait)
    this.timer = setTimeout(() => this.connect(), wait)
  }

  private disconnected(status: Connection): void {
    if (this.status === 'live') this.options.log('cable', `Disconnected from ${CHANNEL}`)
    this.socket = null
    clearTimeout(this.timer)
    this.setStatus(status)
  }

  private dropIfSilent(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.drop(), SILENCE_MS)
  }

  private expectLife(after = 0): void {
    this.dueBy = Date.now() + after + DEAF_MS
  }

  private setStatus(status: Connection): void {
    if (this.status === status) return
    this.status = status
    this.options.statusChanged(status)
  }
}
