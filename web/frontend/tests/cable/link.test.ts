// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { CableLink } from '../../src/cable/link'
import type { Connection } from '../../src/types'
import { FakeSocket, installFakeSockets } from '../support/fake_socket'
import { wait } from '../support/world'

let log: string[]
let statuses: Connection[]
let received: unknown[]
let link: CableLink

beforeEach(() => {
  installFakeSockets()
  vi.useFakeTimers()
  document.head.innerHTML = '<meta name="action-cable-url" content="ws://cable.example/cable">'
  log = []
  statuses = []
  received = []
  link = new CableLink({
    history: () => null,
    received: (message) => received.push(message),
    historyLost: () => {},
    statusChanged: (status) => statuses.push(status),
    log: (category, message) => log.push(`[${category}] ${message}`),
    random: () => 0,
  })
})

describe('an open link', () => {
  it('subscribes at the address that the page names, and goes live when confirmed', () => {
    link.open()
    expect(FakeSocket.latest.url).toBe('ws://cable.example/cable')
    expect(link.status).toBe('connecting')
    FakeSocket.latest.subscribe({ todos: [] })
    expect(FakeSocket.latest.commands()).toEqual(['subscribe'])
    expect(received).toEqual([{ todos: [] }])
    expect(statuses).toEqual(['live'])
    expect(log).toEqual(['[cable] Connected to TodosChannel'])
  })

  it('opens one socket, however often it is asked to', () => {
    link.open()
    link.open()
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('is back 0.2 s after the server has dropped it', async () => {
    link.open()
    FakeSocket.latest.subscribe()
    FakeSocket.latest.close()
    expect(link.status).toBe('reconnecting')
    await wait(199)
    expect(FakeSocket.all).toHaveLength(1)
    await wait(1)
    FakeSocket.latest.subscribe()
    expect(FakeSocket.all).toHaveLength(2)
    expect(statuses).toEqual(['live', 'reconnecting', 'live'])
    expect(log).toEqual([
      '[cable] Connected to TodosChannel',
      '[cable] Disconnected from TodosChannel',
      '[cable] Connected to TodosChannel',
    ])
  })

  it('waits longer and longer for a server that is away, and starts over when it was back', async () => {
    link.open()
    const opened: number[] = []
    for (let attempt = 0; attempt < 4; attempt++) {
      FakeSocket.latest.close()
      const count = FakeSocket.all.length
      const from = Date.now()
      while (FakeSocket.all.length === count) await wait(100)
      opened.push(Date.now() - from)
    }
    expect(opened).toEqual([200, 400, 800, 1_600])
    FakeSocket.latest.subscribe()
    FakeSocket.latest.close()
    await wait(200)
    expect(FakeSocket.all).toHaveLength(6)
  })

  it('does not wait any longer once the network is back', () => {
    link.open()
    FakeSocket.latest.close()
    link.retryNow()
    expect(FakeSocket.all).toHaveLength(2)
    link.retryNow()
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('gives up on a socket that does not connect within 6 s', async () => {
    link.open()
    const [first] = FakeSocket.all
    await wait(6_000)
    expect(first?.readyState).toBe(FakeSocket.CLOSED)
    await wait(200)
    expect(FakeSocket.open).toHaveLength(1)
  })

  it('does not wait for a socket to close that cannot', async () => {
    link.open()
    FakeSocket.latest.subscribe()
    const dead = FakeSocket.latest
    dead.close = () => (dead.readyState = FakeSocket.CLOSING)
    link.drop()
    expect(link.status).toBe('reconnecting')
    await wait(200)
    FakeSocket.latest.subscribe()
    expect(link.status).toBe('live')
    dead.emit('close')
    expect(link.status).toBe('live')
  })

  it('stays away when the server says so', async () => {
    link.open()
    FakeSocket.latest.accept()
    FakeSocket.latest.say({ type: 'disconnect', reason: 'unauthorized', reconnect: false })
    await wait(60_000)
    expect(FakeSocket.all).toHaveLength(1)
    expect([link.status, link.isDeaf()]).toEqual(['offline', false])
    expect(log).toEqual(['[cable] Staying away: unauthorized'])
  })

  it('asks once more when somebody looks at the page again', () => {
    link.open()
    FakeSocket.latest.accept()
    FakeSocket.latest.say({ type: 'disconnect', reason: 'unauthorized', reconnect: false })
    link.retryNow()
    expect(link.status).toBe('reconnecting')
    FakeSocket.latest.subscribe()
    expect(link.status).toBe('live')
  })

  it('comes back when the server restarts', async () => {
    link.open()
    FakeSocket.latest.subscribe()
    FakeSocket.latest.say({ type: 'disconnect', reason: 'server_restart', reconnect: true })
    await wait(200)
    expect(FakeSocket.open).toHaveLength(1)
  })
})

describe('silence', () => {
  const beat = async () => {
    await wait(3_000)
    FakeSocket.latest.ping()
  }

  it('of 6 s, pings included, is the end of a socket', async () => {
    link.open()
    FakeSocket.latest.subscribe()
    for (let beats = 0; beats < 5; beats++) await beat()
    await wait(5_999)
    expect([FakeSocket.all.length, link.status]).toEqual([1, 'live'])
    await wait(1)
    expect([FakeSocket.open.length, link.status]).toEqual([0, 'reconnecting'])
    await wait(200)
    FakeSocket.latest.subscribe()
    expect([FakeSocket.open.length, link.status]).toEqual([1, 'live'])
  })

  it('about the subscription is no better, though the server pings', async () => {
    link.open()
    FakeSocket.latest.accept()
    FakeSocket.latest.say({ type: 'welcome' })
    await beat()
    await beat()
    expect([FakeSocket.open.length, link.status]).toEqual([0, 'reconnecting'])
  })
})

describe('deafness', () => {
  it('is a frozen tab, whose timer for the silence does not fire', () => {
    link.open()
    FakeSocket.latest.subscribe()
    vi.setSystemTime(Date.now() + 7_000)
    expect(link.isDeaf()).toBe(false)
    vi.setSystemTime(Date.now() + 1)
    expect(link.isDeaf()).toBe(true)
    FakeSocket.latest.ping()
    expect(link.isDeaf()).toBe(false)
  })

  it('is not a server that is known to be away', async () => {
    link.open()
    for (let second = 0; second < 120; second++) {
      if (FakeSocket.latest.readyState === FakeSocket.CONNECTING) FakeSocket.latest.close()
      await wait(1_000)
      expect(link.isDeaf()).toBe(false)
    }
  })

  it('is a frozen tab, whose timer for the next attempt does not fire', () => {
    link.open()
    FakeSocket.latest.close()
    vi.setSystemTime(Date.now() + 10_000)
    expect(link.isDeaf()).toBe(true)
  })

  it('is not a closed link', () => {
    expect(link.isDeaf()).toBe(false)
  })
})

describe('closing', () => {
  it('unsubscribes once and closes the socket', async () => {
    link.open()
    FakeSocket.latest.subscribe()
    link.close()
    expect(FakeSocket.latest.commands()).toEqual(['subscribe', 'unsubscribe'])
    expect(FakeSocket.open).toEqual([])
    await wait(60_000)
    expect(FakeSocket.all).toHaveLength(1)
    expect(log.at(-1)).toBe('[cable] Disconnected from TodosChannel')
  })

  it('also closes a socket that is still connecting', async () => {
    link.open()
    link.close()
    FakeSocket.latest.accept()
    expect(FakeSocket.open).toEqual([])
    await wait(60_000)
    expect(FakeSocket.all).toHaveLength(1)
    expect(FakeSocket.latest.commands()).toEqual([])
  })

  it('stops trying', async () => {
    link.open()
    FakeSocket.latest.close()
    link.close()
    await wait(60_000)
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('can be followed by a new term with a new socket', () => {
    link.open()
    FakeSocket.latest.subscribe()
    link.close()
    link.open()
    FakeSocket.latest.subscribe()
    expect(FakeSocket.open).toHaveLength(1)
    expect(link.status).toBe('live')
  })
})
