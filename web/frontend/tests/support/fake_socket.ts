import { vi } from 'vitest'

type Listener = (event: { data?: string }) => void

/** A WebSocket whose other end is the test. */
export class FakeSocket {
  static CONNECTING = 0
  static OPEN = 1
  static CLOSING = 2
  static CLOSED = 3
  static all: FakeSocket[] = []

  readyState = FakeSocket.CONNECTING
  readonly protocol = 'actioncable-v1-json'
  readonly sent: { command: string; identifier: string }[] = []
  onopen: Listener | null = null
  onclose: Listener | null = null
  onmessage: Listener | null = null
  private listeners: [type: string, listener: Listener][] = []

  constructor(readonly url: string) {
    FakeSocket.all.push(this)
  }

  static get latest(): FakeSocket {
    const socket = FakeSocket.all.at(-1)
    if (!socket) throw new Error('no socket was opened')
    return socket
  }

  /** Those that cost the server something. */
  static get open(): FakeSocket[] {
    return FakeSocket.all.filter(({ readyState }) => readyState <= FakeSocket.OPEN)
  }

  addEventListener(type: string, listener: Listener): void {
    this.listeners.push([type, listener])
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data) as { command: string; identifier: string })
  }

  close(): void {
    this.readyState = FakeSocket.CLOSED
    this.emit('close')
  }

  /** The handshake succeeds. */
  accept(): void {
    this.readyState = FakeSocket.OPEN
    this.emit('open')
  }

  /** All that the server says up to a confirmed subscription: the list comes first. */
  subscribe(list?: object): void {
    this.accept()
    this.say({ type: 'welcome' })
    if (list) this.transmit(list)
    this.say({ identifier: IDENTIFIER, type: 'confirm_subscription' })
  }

  transmit(message: object): void {
    this.say({ identifier: IDENTIFIER, message })
  }

  ping(): void {
    this.say({ type: 'ping', message: 0 })
  }

  say(data: object): void {
    this.emit('message', { data: JSON.stringify(data) })
  }

  emit(type: 'open' | 'close' | 'message', event: { data?: string } = {}): void {
    this[`on${type}`]?.(event)
    this.listeners.filter(([of]) => of === type).forEach(([, listener]) => listener(event))
  }

  commands(): string[] {
    return this.sent.map(({ command }) => command)
  }
}

const IDENTIFIER = JSON.stringify({ channel: 'TodosChannel' })

/** The stock client takes its WebSocket class from here, not from the global. */
export async function installFakeSockets(): Promise<void> {
  const { adapters } = await import('@rails/actioncable')
  FakeSocket.all = []
  adapters.WebSocket = FakeSocket as unknown as typeof WebSocket
  vi.stubGlobal('WebSocket', FakeSocket)
}
