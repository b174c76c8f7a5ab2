// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { History } from '../../src/cable/protocol'
import { CableSocket, cableUrl } from '../../src/cable/socket'
import { FakeSocket, IDENTIFIER as identifier, installFakeSockets, type Dialect } from '../support/fake_socket'
import { wait } from '../support/world'

const HISTORY: History = { since: 1_763_800_000, streams: { todos: { epoch: 'e1', offset: 32 } } }
const subscribe = { command: 'subscribe', identifier }

let heard: unknown[]
let history: History | null
let socket: CableSocket
let wire: FakeSocket

beforeEach(() => {
  vi.useFakeTimers()
  heard = []
  history = null
})

function open(dialect: Dialect): void {
  installFakeSockets(dialect)
  socket = new CableSocket('ws://cable.example/cable', 'TodosChannel', {
    history: () => history,
    alive: () => {},
    confirmed: () => heard.push('confirmed'),
    received: (message, position) => heard.push(position ? [message, position.epoch, position.offset] : [message]),
    historyLost: () => heard.push('history lost'),
    lost: () => heard.push('lost'),
    dismissed: (why) => heard.push(`dismissed: ${why}`),
  })
  wire = FakeSocket.latest
}

function welcome(): void {
  wire.accept()
  wire.say({ type: 'welcome', sid: 's1' })
}

describe.each(['plain', 'extended'] as const)('in the %s protocol', (dialect) => {
  beforeEach(() => open(dialect))

  it('subscribes once it is welcome, and hears what follows in its order', () => {
    wire.accept()
    expect(wire.sent).toEqual([])
    wire.say({ type: 'welcome' })
    expect(wire.sent).toEqual([subscribe])
    wire.transmit({ n: 1 })
    wire.answer('confirm_subscription')
    wire.ping()
    wire.transmit({ n: 2 })
    expect(heard).toEqual([[{ n: 1 }], 'confirmed', [{ n: 2 }]])
  })

  it('asks again until it is answered', async () => {
    welcome()
    await wait(4_000)
    expect(wire.sent).toEqual([subscribe, subscribe, subscribe])
    wire.answer('confirm_subscription')
    await wait(60_000)
    expect(wire.sent).toHaveLength(3)
  })

  it('stays away after a rejection', async () => {
    welcome()
    wire.answer('reject_subscription')
    expect(heard).toEqual(['dismissed: the subscription was rejected'])
    await wait(60_000)
    expect([wire.readyState, wire.sent.length]).toEqual([FakeSocket.CLOSED, 1])
  })

  it.each(['server_restart', 'remote', 'too_slow', 'slow_client', 'idle_timeout'])('ends at once when told to come back: %s', (reason) => {
    welcome()
    wire.say({ type: 'disconnect', reason, reconnect: true })
    wire.say({ type: 'ping' })
    expect([wire.readyState, heard]).toEqual([FakeSocket.CLOSED, ['lost']])
  })

  it.each(['unauthorized', 'remote', 'token_expired'])('ends for good when told so: %s', (reason) => {
    wire.accept()
    wire.say({ type: 'disconnect', reason, reconnect: false })
    expect([wire.readyState, heard]).toEqual([FakeSocket.CLOSED, [`dismissed: ${reason}`]])
  })

  it('ignores what is no frame, and says so', () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    welcome()
    wire.emit('message', { data: '{"type":"conf' })
    wire.say({ type: 'news' })
    wire.answer('confirm_subscription')
    expect(heard).toEqual(['confirmed'])
    expect(warn.mock.calls.map(([, data]) => data as unknown)).toEqual(['{"type":"conf', '{"type":"news"}'])
  })

  it('ignores what belongs to another subscription', () => {
    welcome()
    wire.say({ type: 'reject_subscription', identifier: '{"channel":"Other"}' })
    wire.say({ identifier: '{"channel":"Other"}', message: 1 })
    expect(heard).toEqual([])
  })

  it('unsubscribes and closes on leaving, and hears no more', () => {
    welcome()
    wire.answer('confirm_subscription')
    socket.leave()
    wire.transmit({ n: 1 })
    expect(wire.sent).toEqual([subscribe, { command: 'unsubscribe', identifier }])
    expect([wire.readyState, heard]).toEqual([FakeSocket.CLOSED, ['confirmed']])
  })

  it('does not wait for a socket to close that it abandons', () => {
    welcome()
    wire.close = () => (wire.readyState = FakeSocket.CLOSING)
    socket.abandon()
    wire.emit('close')
    expect(heard).toEqual([])
  })

  it('is lost once, by whichever way', () => {
    welcome()
    wire.close()
    wire.emit('close')
    expect(heard).toEqual(['lost'])
  })
})

describe('history', () => {
  beforeEach(() => (history = HISTORY))

  it('is asked for with the subscription; what was missed comes between confirmation and live messages', () => {
    open('extended')
    welcome()
    expect(wire.sent).toEqual([{ ...subscribe, history: HISTORY }])
    wire.transmit({ all: true })
    wire.answer('confirm_subscription')
    wire.broadcast({ n: 1 }, 33)
    wire.broadcast({ n: 2 }, 37)
    wire.answer('confirm_history')
    wire.broadcast({ n: 3 }, 38)
    expect(heard).toEqual([[{ all: true }], 'confirmed', [{ n: 1 }, 'e1', 33], [{ n: 2 }, 'e1', 37], [{ n: 3 }, 'e1', 38]])
  })

  it('may be lost, but the subscription holds', () => {
    open('extended')
    welcome()
    wire.answer('confirm_subscription')
    wire.answer('reject_history')
    wire.broadcast({ n: 1 }, 1, 'e2')
    expect(heard).toEqual(['confirmed', 'history lost', [{ n: 1 }, 'e2', 1]])
    expect(wire.readyState).toBe(FakeSocket.OPEN)
  })

  it('is not asked for where the protocol has none', () => {
    open('plain')
    welcome()
    expect(wire.sent).toEqual([subscribe])
  })
})

describe('a server', () => {
  it.each([['actioncable-unsupported'], ['graphql-ws'], ['']])('that takes "%s" is of no use', (protocol) => {
    open('extended')
    wire.offered.splice(0, Infinity, protocol)
    FakeSocket.knows = [protocol]
    wire.accept()
    expect([wire.readyState, heard]).toEqual([FakeSocket.CLOSED, [`dismissed: no common protocol, but "${protocol}"`]])
  })
})

describe('the address', () => {
  it.each([
    ['<meta name="action-cable-url" content="wss://cable.example/cable">', 'wss://cable.example/cable'],
    ['<meta name="action-cable-url" content="https://cable.example/cable">', 'wss://cable.example/cable'],
    ['<meta name="action-cable-url" content="/live">', 'ws://localhost:3000/live'],
    ['', 'ws://localhost:3000/cable'],
  ])('of %j is %s', (head, url) => {
    document.head.innerHTML = head
    expect(cableUrl()).toBe(url)
  })
})
