// @vitest-environment happy-dom
import { act, screen, waitFor } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { TIMEOUT_MS } from '../../src/todos/visit'
import { bootApp, bootLeader } from '../support/app'
import { FakeServer } from '../support/fake_server'
import { FakeSocket } from '../support/fake_socket'
import { alerts, button, checkbox, input, shownTitles } from '../support/screen'

let server: FakeServer

beforeEach(() => {
  server = new FakeServer()
  server.add('bread', true)
  server.add('milk')
})

const all = () => checkbox('Mark all as complete')
const count = () => screen.getByTestId('todo-count')
const clear = () => screen.queryByRole('button', { name: 'Clear completed' })
const states = () => shownTitles().map((title) => checkbox(title).checked)

describe('the counter', () => {
  it('counts what is left', async () => {
    server.add('eggs')
    await bootApp(server)
    expect(count().innerHTML).toBe('<strong>2</strong> items left')
    expect(count().className).toContain('todo-count')
    await userEvent.click(checkbox('eggs'))
    expect(count().innerHTML).toBe('<strong>1</strong> item left')
    await userEvent.click(checkbox('milk'))
    expect(count().innerHTML).toBe('<strong>0</strong> items left')
  })

  it('is not there when there is nothing to count', async () => {
    server.todos = []
    await bootApp(server)
    expect(document.querySelector('.footer')?.closest('[hidden]')).toBeTruthy()
    expect(document.querySelector('.main')?.closest('[hidden]')).toBeTruthy()
    expect(screen.queryByRole('checkbox')).toBeNull()
  })
})

describe('toggle all', () => {
  it('marks everything with one request', async () => {
    await bootApp(server)
    expect(all().checked).toBe(false)
    server.hold()
    await userEvent.click(all())
    expect(states()).toEqual([true, true])
    expect(all().checked).toBe(true)
    expect(server.requests).toEqual([{ method: 'patch', url: '/todos', data: { todo: { completed: true } } }])
    await act(async () => server.release())
    await userEvent.click(all())
    expect(states()).toEqual([false, false])
    await waitFor(() => expect(server.todos.every(({ completed }) => !completed)).toBe(true))
  })

  it('follows its items', async () => {
    await bootApp(server)
    await userEvent.click(checkbox('milk'))
    expect(all().checked).toBe(true)
    await userEvent.click(checkbox('bread'))
    expect(all().checked).toBe(false)
  })

  it('takes back what could not be saved', async () => {
    await bootApp(server)
    server.fault = 429
    await userEvent.click(all())
    await waitFor(() => expect(alerts()).toEqual(['Could not mark all as complete: too many requests. Wait a moment and try again.']))
    expect(states()).toEqual([false, true])
  })

  it('comes after what was asked for before, and before what is asked for after', async () => {
    await bootApp(server)
    server.hold()
    await userEvent.type(input(), 'eggs{Enter}')
    await userEvent.click(all())
    await userEvent.click(checkbox('milk'))
    expect(states()).toEqual([true, false, true])
    await act(async () => server.release())
    await waitFor(() => expect(server.requests.map(({ url }) => url)).toEqual(['/todos', '/todos', '/todos/2']))
    await waitFor(() => expect(server.todos.map(({ completed }) => completed)).toEqual([true, false, true]))
    expect(states()).toEqual([true, false, true])
  })
})

describe('clear completed', () => {
  it('removes what is completed, and goes with it, but not the focus', async () => {
    await bootApp(server)
    await userEvent.click(button('Clear completed'))
    expect(shownTitles()).toEqual(['milk'])
    expect(clear()).toBeNull()
    expect(document.activeElement?.textContent).toBe('All')
    await waitFor(() => expect(server.requests).toMatchObject([{ method: 'delete', url: '/todos/completed' }]))
    expect(server.todos.map(({ title }) => title)).toEqual(['milk'])
  })

  it('brings everything back when it fails, and news with it', async () => {
    await bootLeader(server)
    server.fault = 503
    server.hold()
    await userEvent.click(button('Clear completed'))
    server.add('eggs')
    act(() => FakeSocket.latest.transmit(server.list()))
    await waitFor(() => expect(shownTitles()).toEqual(['eggs', 'milk']))
    await act(async () => server.release())
    await waitFor(() => expect(shownTitles()).toEqual(['eggs', 'milk', 'bread']))
    expect(alerts()).toEqual(['Could not clear what is completed: the server is busy. Wait a moment and try again.'])
  })
})

describe('answers that are lost', () => {
  it('are asked for once more, and a change that was made is not made again', async () => {
    await bootApp(server)
    server.failNext('lost answer')
    await userEvent.type(input(), 'eggs{Enter}')
    await waitFor(() => expect(checkbox('eggs').disabled).toBe(false))
    expect(server.requests.map(({ method }) => method)).toEqual(['post', 'post'])
    expect(new Set(server.keys).size).toBe(1)
    expect(shownTitles()).toEqual(['eggs', 'milk', 'bread'])
    expect(alerts()).toEqual([])
  })

  it('make no double entry when the user tries again', async () => {
    await bootApp(server)
    server.fault = 'lost answer'
    await userEvent.type(input(), 'eggs{Enter}')
    await waitFor(() => expect(alerts()).toHaveLength(1))
    server.fault = null
    expect(input().value).toBe('eggs')
    await userEvent.type(input(), '{Enter}')
    await waitFor(() => expect(shownTitles()).toEqual(['eggs', 'milk', 'bread']))
    expect(server.todos).toHaveLength(3)
  })

  it('are not waited for for ever', async () => {
    await bootApp(server)
    server.hold()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    act(() => checkbox('milk').click())
    expect(checkbox('milk').checked).toBe(true)
    await act(() => vi.advanceTimersByTimeAsync(TIMEOUT_MS))
    vi.useRealTimers()
    await waitFor(() => expect(alerts()[0]).toBe('Could not update “milk”: the server takes too long to answer. Check the list and try again.'))
    expect(checkbox('milk').checked).toBe(false)
    await act(async () => server.release())
  })
})
