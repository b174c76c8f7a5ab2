import type { Subscription } from '@rails/actioncable'
import type { CableConsumer, CableMonitor } from '../channels/consumer'
import type { Connection, LogWriter } from '../types'
import { backoff } from './backoff'

/** The server pings every 3 s: two missed pings and a little. */
export const DEAF_MS = 7_000

const CHANNEL = 'TodosChannel'

export interface LinkOptions {
  openConsumer(monitor: CableMonitor): CableConsumer
  received(data: unknown): void
  statusChanged(status: Connection): void
  log: LogWriter
  random?: () => number
}

/** This tab's socket while it leads: kept open, reopened, and really closed. */
export class CableLink {
  status: Connection = 'connecting'
  private consumer: CableConsumer | null = null
  private subscription: Subscription | null = null
  private socket: WebSocket | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private attempt = 0
  /** When a sign of life is due: a message, an opened socket or the next attempt. */
  private dueBy = 0
  /** The server has said that it does not want this client back. */
  private dismissed = false

  constructor(private readonly options: LinkOptions) {}

  open(): void {
    if (this.consumer) return
    this.attempt = 0
    this.dismissed = false
    this.setStatus('connecting')
    this.consumer = this.options.openConsumer(this.monitor())
    this.subscription = this.consumer.subscriptions.create(CHANNEL, this.callbacks())
    this.watch()
  }

  close(): void {
    const { consumer, socket } = this
    if (!consumer) return
    if (this.status === 'live') this.options.log('cable', `Disconnected from ${CHANNEL}`)
    clearTimeout(this.timer)
    this.subscription?.unsubscribe()
    this.consumer = this.subscription = this.socket = null
    consumer.disconnect()
    if (socket) closeOnceOpen(socket)
    this.setStatus('connecting')
  }

  /** The network is back, or somebody is looking: no reason to wait any longer. */
  retryNow(): void {
    if (!this.consumer || this.socket) return
    this.attempt = 0
    this.dismissed = false
    this.reopen()
  }

  /** Do not wait for a socket that cannot work: its closing may take minutes. */
  drop(): void {
    const { socket } = this
    if (!socket) return
    this.lost()
    socket.close()
  }

  /** All seems well, but nothing arrives: a dead network, or a frozen tab's timers. */
  isDeaf(): boolean {
    return this.consumer !== null && !this.dismissed && Date.now() > this.dueBy
  }

  private watch(): void {
    const socket = this.consumer?.connection.webSocket ?? null
    this.socket = socket
    this.expectLife()
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.drop(), DEAF_MS)
    socket?.addEventListener('close', () => {
      if (this.socket === socket) this.lost()
    })
  }

  private lost(): void {
    this.socket = null
    this.setStatus(this.dismissed ? 'offline' : 'reconnecting')
    clearTimeout(this.timer)
    if (this.dismissed) return
    const wait = backoff(this.attempt++, this.options.random)
    this.expectLife(wait)
    this.timer = setTimeout(() => this.reopen(), wait)
  }

  private reopen(): void {
    this.consumer?.connection.open()
    this.watch()
  }

  private callbacks() {
    return {
      connected: () => {
        clearTimeout(this.timer)
        this.attempt = 0
        this.options.log('cable', `Connected to ${CHANNEL}`)
        this.setStatus('live')
      },
      disconnected: () => this.options.log('cable', `Disconnected from ${CHANNEL}`),
      rejected: () => {
        this.dismissed = true
        this.options.log('cable', `${CHANNEL} refused the subscription`)
        this.setStatus('offline')
      },
      received: (data: unknown) => this.options.received(data),
    }
  }

  private monitor(): CableMonitor {
    const attempts = () => this.attempt
    return {
      get reconnectAttempts() {
        return attempts()
      },
      start() {},
      // Called on purpose by `close`, and when the server sends us away for good.
      stop: () => (this.dismissed = this.consumer !== null),
      isRunning: () => !this.dismissed,
      recordMessage: () => this.expectLife(),
      recordConnect() {},
      recordDisconnect() {},
    }
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

/**
 * The stock client leaves a socket alone that is still connecting, because some
 * versions of Safari fail to close it. It would stay open for ever.
 */
function closeOnceOpen(socket: WebSocket): void {
  if (socket.readyState === WebSocket.CONNECTING) {
    socket.addEventListener('open', () => socket.close(), { once: true })
  }
}
