import { vi } from 'vitest'

type Listener = (event: { data?: string }) => void

interface Command {
  command: string
  identifier: string
  history?: { since: number; streams: Record<string, { epoch: string; offset: number }> }
}

/** A WebSocket whose other end is the test. */
export class FakeSocket {
  static CONNECTING = 0
  static OPEN = 1
  static CLOSING = 2
  static CLOSED = 3
  static all: FakeSocket[] = []
  /** What the server speaks. */
  static knows: string[] = []

  readyState = FakeSocket.CONNECTING
  protocol = ''
  readonly sent: Command[] = []
  onopen: Listener | null = null
  onclose: Listener | null = null
  onmessage: Listener | null = null

  constructor(
    readonly url: string,
    readonly offered: string[],
  ) {
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

  send(data: string): void {
    this.sent.push(JSON.parse(data) as Command)
  }

  close(): void {
    this.readyState = FakeSocket.CLOSED
    this.emit('close')
  }

  /** The handshake succeeds; the server takes the first protocol that it knows. */
  accept(): void {
    this.protocol = this.offered.find((protocol) => FakeSocket.knows.includes(protocol)) ?? ''
    this.readyState = FakeSocket.OPEN
    this.emit('open')
  }

  /** All that the server says up to a confirmed subscription: the list comes first. */
  subscribe(list?: object): void {
    this.accept()
    this.say({ type: 'welcome' })
    if (list) this.transmit(list)
    this.answer('confirm_subscription')
  }

  /** For this subscription alone. */
  transmit(message: object): void {
    this.say({ identifier: IDENTIFIER, message })
  }

  /** To all that listen to the stream, in the extended protocol with the position. */
  broadcast(message: object, offset: number, epoch = 'e1'): void {
    this.say({ identifier: IDENTIFIER, message, stream_id: 'todos', epoch, offset })
  }

  ping(): void {
    this.say({ type: 'ping', message: 0 })
  }

  /** What the server says about the subscription. */
  answer(type: string): void {
    this.say({ type, identifier: IDENTIFIER })
  }

  say(data: object): void {
    this.emit('message', { data: JSON.stringify(data) })
  }

  emit(type: 'open' | 'close' | 'message', event: { data?: string } = {}): void {
    this[`on${type}`]?.(event)
  }

  commands(): string[] {
    return this.sent.map(({ command }) => command)
  }
}

export const IDENTIFIER = JSON.stringify({ channel: 'TodosChannel' })

/** `plain` as Rails, or with positions and history as AnyCable. */
export type Dialect = 'plain' | 'extended'

const KNOWN = {
  plain: ['actioncable-v1-json', 'actioncable-unsupported'],
  extended: ['actioncable-v1-ext-json', 'actioncable-v1-json', 'actioncable-unsupported'],
}

export function installFakeSockets(dialect: Dialect = 'extended'): void {
  FakeSocket.all = []
  FakeSocket.knows = KNOWN[dialect]
  vi.stubGlobal('WebSocket', FakeSocket)
}
