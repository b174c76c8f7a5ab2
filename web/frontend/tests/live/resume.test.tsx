// @vitest-environment happy-dom
import { act, screen, waitFor, within } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { bootLeader } from '../support/app'
import { FakeServer } from '../support/fake_server'
import { FakeSocket } from '../support/fake_socket'

let server: FakeServer

beforeEach(() => {
  server = new FakeServer()
  server.add('milk')
})

const titles = () => within(screen.getByRole('list', { name: 'Todos' })).queryAllByRole('checkbox').map((box) => box.closest('li')?.querySelector('label')?.textContent)
const history = () => FakeSocket.latest.sent.at(-1)?.history?.streams
const wire = (task: (socket: FakeSocket) => void) => act(() => task(FakeSocket.latest))

/** The network is gone for as long as the test likes, and this tab leads on. */
function reconnect(): void {
  wire((socket) => socket.close())
  act(() => void window.dispatchEvent(new Event('online')))
}

/** Somebody else adds a todo, and the cable tells. */
function hear(title: string, offset: number, epoch?: string): void {
  server.add(title)
  wire((socket) => socket.broadcast(server.list(), offset, epoch))
}

describe('after a lost connection', () => {
  it('the page resumes behind the last message that it heard', async () => {
    await bootLeader(server)
    hear('bread', 32)
    hear('eggs', 35)
    reconnect()
    wire((socket) => socket.subscribe(server.list()))
    expect(history()).toEqual({ todos: { epoch: 'e1', offset: 35 } })
  })

  it('what was missed is heard, and moves the place', async () => {
    await bootLeader(server)
    hear('bread', 32)
    reconnect()
    wire((socket) => socket.subscribe())
    hear('missed', 33)
    hear('missed too', 34)
    wire((socket) => socket.answer('confirm_history'))
    await waitFor(() => expect(titles()).toEqual(['missed too', 'missed', 'bread', 'milk']))
    reconnect()
    wire((socket) => socket.subscribe(server.list()))
    expect(history()).toEqual({ todos: { epoch: 'e1', offset: 34 } })
  })

  it('missed messages that are older than the list are passed over', async () => {
    await bootLeader(server)
    hear('bread', 32)
    reconnect()
    server.add('missed')
    const missed = server.list()
    server.add('missed too')
    wire((socket) => {
      socket.subscribe(server.list())
      socket.broadcast(missed, 33)
      socket.broadcast(server.list(), 34)
      socket.answer('confirm_history')
    })
    await waitFor(() => expect(titles()).toEqual(['missed too', 'missed', 'bread', 'milk']))
  })

  it('a page that has heard nothing yet asks for no history', async () => {
    await bootLeader(server)
    reconnect()
    wire((socket) => socket.subscribe(server.list()))
    expect(history()).toBeUndefined()
  })

  it('the page asks for the whole list when the history is lost, and not for the same history again', async () => {
    const { bus } = await bootLeader(server)
    hear('bread', 32)
    reconnect()
    server.add('missed')
    wire((socket) => socket.subscribe())
    wire((socket) => socket.answer('reject_history'))
    await waitFor(() => expect(titles()).toEqual(['missed', 'bread', 'milk']))
    expect(server.requests).toMatchObject([{ method: 'get', url: '/todos' }])
    expect(bus.of('data').at(-1)?.payload).toEqual(server.todos)
    reconnect()
    wire((socket) => socket.subscribe(server.list()))
    expect(history()).toBeUndefined()
  })

  it('the page resumes in the epoch that it heard last, though its offsets are lower', async () => {
    await bootLeader(server)
    hear('bread', 32)
    hear('eggs', 1, 'e2')
    reconnect()
    wire((socket) => socket.subscribe(server.list()))
    expect(history()).toEqual({ todos: { epoch: 'e2', offset: 1 } })
  })

  it('the page works on with a server that knows no history', async () => {
    await bootLeader(server)
    hear('bread', 32)
    FakeSocket.knows = ['actioncable-v1-json']
    server.add('missed')
    reconnect()
    wire((socket) => socket.subscribe(server.list()))
    expect(history()).toBeUndefined()
    await waitFor(() => expect(titles()).toEqual(['missed', 'bread', 'milk']))
  })

  it('nonsense from the server does not disturb the page', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    await bootLeader(server)
    wire((socket) => socket.emit('message', { data: '{"identifier":' }))
    hear('bread', 32)
    await waitFor(() => expect(titles()).toEqual(['bread', 'milk']))
    expect(warn).toHaveBeenCalledOnce()
  })
})
