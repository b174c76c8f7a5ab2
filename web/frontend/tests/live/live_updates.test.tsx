// @vitest-environment happy-dom
import { act, screen, waitFor, within } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { connectionAtom } from '../../src/atoms/todos'
import { bootApp, bootLeader } from '../support/app'
import { FakeServer } from '../support/fake_server'
import { FakeSocket } from '../support/fake_socket'
import { PATIENCE_MS } from '../support/patience'

let server: FakeServer

beforeEach(() => {
  server = new FakeServer()
  server.add('milk')
})

const titles = () => within(screen.getByRole('list', { name: 'Todos', hidden: true })).queryAllByRole('checkbox').map((box) => box.closest('li')?.querySelector('label')?.textContent)
const logged = () => [...document.querySelectorAll('.event-log__entry')].map((entry) => entry.lastChild?.textContent).reverse()
const type = (text: string) => userEvent.type(screen.getByRole('textbox'), text)
const status = () => screen.getByRole('status').textContent

describe('the leader', () => {
  it('goes live, and says what it has done', async () => {
    await bootLeader(server)
    expect(status()).toBe('Live')
    expect(document.querySelector('.leader-badge')?.textContent).toBe('Leader')
    expect(logged()).toEqual([
      'Joining channel "todos-sync"',
      'Became leader',
      'Received 1 todos',
      'Relayed todos to followers',
      'Connected to TodosChannel',
    ])
  })

  it('shows and relays what the cable brings', async () => {
    const { bus } = await bootLeader(server)
    server.add('bread')
    act(() => FakeSocket.latest.transmit(server.list()))
    await waitFor(() => expect(titles()).toEqual(['bread', 'milk']))
    expect(bus.of('data').at(-1)).toEqual({
      type: 'data',
      from: 'm',
      payload: server.todos,
      rev: server.rev,
      epoch: 'db-1',
    })
  })

  it('shows a todo once that comes by cable before its request is answered', async () => {
    await bootLeader(server)
    server.hold()
    await type('bread{Enter}')
    act(() => FakeSocket.latest.transmit(server.list()))
    await waitFor(() => expect(screen.getByRole<HTMLInputElement>('checkbox', { name: 'bread' }).disabled).toBe(false))
    expect(titles()).toEqual(['bread', 'milk'])
    await act(async () => server.release())
    expect(titles()).toEqual(['bread', 'milk'])
  })

  it('is not set back by an answer that is older than the last broadcast', async () => {
    const { session } = await bootLeader(server)
    const stale = server.page()
    server.add('from another user')
    act(() => FakeSocket.latest.transmit(server.list()))
    act(() => session.adoptPage(stale))
    await waitFor(() => expect(titles()).toEqual(['from another user', 'milk']))
    expect(stale.props).toMatchObject(server.list())
  })

  it('keeps a live update when a change fails that was under way', async () => {
    await bootLeader(server)
    server.hold()
    server.fault = 500
    await userEvent.click(screen.getByRole('checkbox', { name: 'milk' }))
    server.add('bread')
    act(() => FakeSocket.latest.transmit(server.list()))
    await act(async () => server.release())
    await screen.findByRole('alert')
    expect(titles()).toEqual(['bread', 'milk'])
    expect(screen.getByRole<HTMLInputElement>('checkbox', { name: 'milk' }).checked).toBe(false)
  })

  it('reports a rejected title even when a live update arrives at the same moment', async () => {
    await bootLeader(server)
    server.hold()
    await type('  {Enter}')
    server.add('bread')
    await act(async () => {
      server.release()
      FakeSocket.latest.transmit(server.list())
    })
    expect((await screen.findByRole('alert')).textContent).toBe("Title can't be blank")
    await waitFor(() => expect(titles()).toEqual(['bread', 'milk']))
  })

  it('accepts the lower revisions of a restored database', async () => {
    await bootLeader(server)
    server.epoch = 'db-2'
    server.rev = 1
    server.todos = []
    act(() => FakeSocket.latest.transmit(server.list()))
    await waitFor(() => expect(titles()).toEqual([]))
  })

  it('lets usePage() and the history follow', async () => {
    await bootLeader(server)
    server.add('bread')
    act(() => FakeSocket.latest.transmit(server.list()))
    const state = () => (history.state as { page: { props: { rev: number } } }).page.props.rev
    await waitFor(() => expect(state()).toBe(server.rev))
  })

  it('is reconnecting when the socket is gone, and offline without a network', async () => {
    const { bus } = await bootLeader(server)
    act(() => FakeSocket.latest.close())
    expect(status()).toBe('Reconnecting…')
    expect(bus.of('ping').at(-1)?.link).toBe('reconnecting')
    const network = vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
    act(() => void window.dispatchEvent(new Event('offline')))
    expect(status()).toBe('Offline')
    network.mockReturnValue(true)
    act(() => void window.dispatchEvent(new Event('online')))
    act(() => FakeSocket.latest.subscribe())
    expect(status()).toBe('Live')
  })

  it('closes its socket while it is still connecting, when another tab leads', async () => {
    const { bus } = await bootApp(server)
    await act(() => vi.waitFor(() => FakeSocket.latest, { timeout: PATIENCE_MS }))
    await act(async () => bus.say({ type: 'ping', payload: null, from: 'a' }))
    await waitFor(() => expect(document.querySelector('.leader-badge')?.textContent).toBe('Follower'))
    act(() => FakeSocket.latest.accept())
    expect(FakeSocket.open).toEqual([])
  })
})

describe('a follower', () => {
  const boot = async () => {
    const app = await bootApp(server)
    await act(async () => app.bus.say({ type: 'ping', payload: null, from: 'a', link: 'live' }))
    await waitFor(() => expect(status()).toBe('Live'))
    return app
  }

  it('shows what the leader relays, without a socket of its own', async () => {
    const { bus } = await boot()
    server.add('bread')
    await act(async () => bus.say({ type: 'data', from: 'a', payload: server.todos, rev: server.rev, epoch: 'db-1' }))
    await waitFor(() => expect(titles()).toEqual(['bread', 'milk']))
    expect(logged()).toContain('Received data from leader')
    expect(FakeSocket.all).toEqual([])
  })

  it('understands a leader that knows no revisions', async () => {
    const { bus } = await boot()
    server.add('bread')
    await act(async () => bus.say({ type: 'data', from: 'a', payload: server.todos }))
    await waitFor(() => expect(titles()).toEqual(['bread', 'milk']))
  })

  it('ignores what it has already', async () => {
    const { bus } = await boot()
    await act(async () => bus.say({ type: 'data', from: 'a', payload: [], rev: server.rev, epoch: 'db-1' }))
    expect(titles()).toEqual(['milk'])
  })

  it('asks the server when a tab speaks of another database', async () => {
    const { bus } = await boot()
    server.epoch = 'db-2'
    server.rev = 1
    server.add('restored')
    await act(async () => bus.say({ type: 'data', from: 'a', payload: [], rev: 99, epoch: 'db-2' }))
    await waitFor(() => expect(titles()).toEqual(['restored', 'milk']))
    expect(server.requests.map(({ method }) => method)).toEqual(['get'])
  })

  it('tells the other tabs of its own change as soon as it is answered', async () => {
    const { bus } = await boot()
    await type('bread{Enter}')
    await waitFor(() => expect(bus.of('data').at(-1)?.payload.map(({ title }) => title)).toEqual(['bread', 'milk']))
    expect(bus.of('data').at(-1)).toMatchObject({ from: 'm', rev: server.rev, epoch: 'db-1' })
  })
})

describe('leaving and coming back', () => {
  const show = (persisted: boolean) => {
    const event = new Event('pageshow')
    Object.assign(event, { persisted })
    window.dispatchEvent(event)
  }

  it('gives everything back, and catches up', async () => {
    const { bus, atoms } = await bootLeader(server)
    act(() => void window.dispatchEvent(new Event('pagehide')))
    expect(FakeSocket.open).toEqual([])
    expect(bus.of('resign')).toHaveLength(1)

    server.add('bread')
    act(() => show(true))
    await waitFor(() => expect(titles()).toEqual(['bread', 'milk']))
    await act(() => vi.waitFor(() => expect(FakeSocket.open).toHaveLength(1), { timeout: PATIENCE_MS }))
    act(() => FakeSocket.latest.subscribe(server.list()))
    expect(atoms.get(connectionAtom)).toBe('live')
  })
})

describe('a page that comes with errors', () => {
  it('shows them', async () => {
    vi.spyOn(server, 'page').mockReturnValue({ ...server.page({ title: 'is too long' }) })
    await bootApp(server)
    expect(screen.getByRole('alert').textContent).toBe('Title is too long')
  })
})
