import type { Position } from './position'
import { EXTENDED, parseFrame, PLAIN, SUBPROTOCOLS, type Frame, type History } from './protocol'

/** A subscription that is neither confirmed nor rejected is asked for again. */
export const RETRY_MS = 2_000

/** Who keeps the socket, and hears from it. */
export interface SocketOwner {
  /** From where on to resume, if anywhere. */
  history(): History | null
  /** Something has come, whatever it was. */
  alive(): void
  confirmed(): void
  /** Only the extended protocol gives messages a position, and only those of a stream. */
  received(message: unknown, position: Position | null): void
  /** The server cannot tell any more what was missed. */
  historyLost(): void
  /** The socket is of no more use, but another may be. */
  lost(): void
  /** The server does not want this client back. */
  dismissed(why: string): void
}

/** One WebSocket from its opening to its end, with one subscription to one channel on it. */
export class CableSocket {
  private readonly socket: WebSocket
  private readonly identifier: string
  private retry: ReturnType<typeof setInterval> | undefined
  private over = false

  constructor(
    url: string,
    channel: string,
    private readonly owner: SocketOwner,
  ) {
    this.identifier = JSON.stringify({ channel })
    this.socket = new WebSocket(url, SUBPROTOCOLS)
    this.socket.onopen = () => this.opened()
    this.socket.onmessage = ({ data }) => this.hear(data)
    this.socket.onclose = () => this.lost()
  }

  /** Says goodbye. One that is still connecting is closed later: some versions of Safari fail to before. */
  leave(): void {
    this.fallSilent()
    if (this.socket.readyState === WebSocket.OPEN) this.send('unsubscribe')
    if (this.socket.readyState !== WebSocket.CONNECTING) this.socket.close()
  }

  /** Closes it without waiting for anything: what has gone dead may take minutes. */
  abandon(): void {
    this.fallSilent()
    this.socket.close()
  }

  private opened(): void {
    const { protocol } = this.socket
    if (this.over) return this.socket.close()
    if (protocol !== EXTENDED && protocol !== PLAIN) return this.dismiss(`no common protocol, but "${protocol}"`)
    this.owner.alive()
  }

  private hear(data: unknown): void {
    if (this.over) return
    this.owner.alive()
    const frame = parseFrame(data)
    if (!frame) return console.warn('Ignored what is no frame of the cable:', data)
    if (!('identifier' in frame)) this.hearServer(frame)
    else if (frame.identifier === this.identifier) this.hearChannel(frame)
  }

  private hearServer(frame: Exclude<Frame, { identifier: string }>): void {
    switch (frame.type) {
      case 'welcome':
        return this.subscribe()
      case 'disconnect':
        return frame.reconnect ? this.lost() : this.dismiss(frame.reason)
      case 'ping':
    }
  }

  private hearChannel(frame: Extract<Frame, { identifier: string }>): void {
    switch (frame.type) {
      case 'message':
        return this.owner.received(frame.message, frame.position)
      case 'confirm_subscription':
        clearInterval(this.retry)
        return this.owner.confirmed()
      case 'reject_subscription':
        return this.dismiss('the subscription was rejected')
      case 'reject_history':
        return this.owner.historyLost()
      // What was missed has come before it, as ordinary messages.
      case 'confirm_history':
    }
  }

  private subscribe(): void {
    const ask = () => {
      const history = this.socket.protocol === EXTENDED ? this.owner.history() : null
      this.send('subscribe', history ? { history } : {})
    }
    clearInterval(this.retry)
    this.retry = setInterval(ask, RETRY_MS)
    ask()
  }

  private send(command: 'subscribe' | 'unsubscribe', more: object = {}): void {
    this.socket.send(JSON.stringify({ command, identifier: this.identifier, ...more }))
  }

  private lost(): void {
    if (this.over) return
    this.abandon()
    this.owner.lost()
  }

  private dismiss(why: string): void {
    this.abandon()
    this.owner.dismissed(why)
  }

  private fallSilent(): void {
    this.over = true
    clearInterval(this.retry)
  }
}

/** The address that `<meta name="action-cable-url">` names. */
export function cableUrl(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="action-cable-url"]')
  const url = new URL(meta?.content || '/cable', document.baseURI)
  url.protocol = url.protocol.replace('http', 'ws')
  return url.href
}
