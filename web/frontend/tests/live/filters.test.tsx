// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'
import { beforeEach, describe, expect, it } from 'vitest'
import { bootApp, bootLeader } from '../support/app'
import { FakeServer } from '../support/fake_server'
import { FakeSocket } from '../support/fake_socket'
import { alerts, checkbox, editField, input, shownTitles, title } from '../support/screen'

let server: FakeServer

beforeEach(() => {
  window.history.replaceState(null, '', '/todos')
  server = new FakeServer()
  server.add('bread', true)
  server.add('milk')
})

const link = (name: string) => screen.getByRole<HTMLAnchorElement>('link', { name })
const current = () => screen.getAllByRole('link').filter((each) => each.getAttribute('aria-current') === 'page').map(({ textContent }) => textContent)
const address = () => window.location.pathname + window.location.search

describe('filters', () => {
  it('are links that work without a script', async () => {
    await bootApp(server)
    expect(['All', 'Active', 'Completed'].map((name) => link(name).getAttribute('href'))).toEqual([
      '/todos',
      '/todos?filter=active',
      '/todos?filter=completed',
    ])
    expect(current()).toEqual(['All'])
    expect(link('All').className).toContain('selected')
  })

  it('show their part at once, and then their address', async () => {
    await bootApp(server)
    server.hold()
    await userEvent.click(link('Active'))
    expect(shownTitles()).toEqual(['milk'])
    expect(current()).toEqual(['Active'])
    expect(address()).toBe('/todos')
    await act(async () => server.release())
    await waitFor(() => expect(address()).toBe('/todos?filter=active'))
    expect(server.requests).toMatchObject([{ method: 'get', url: '/todos?filter=active' }])
    expect(shownTitles()).toEqual(['milk'])
    await userEvent.click(link('Completed'))
    expect(shownTitles()).toEqual(['bread'])
    await waitFor(() => expect(address()).toBe('/todos?filter=completed'))
  })

  it('begin with that of the page', async () => {
    server.filter = 'completed'
    await bootApp(server)
    expect(shownTitles()).toEqual(['bread'])
    expect(current()).toEqual(['Completed'])
  })

  it('leave clicks for a new tab to the browser', async () => {
    await bootApp(server)
    fireEvent.click(link('Active'), { ctrlKey: true })
    expect(current()).toEqual(['All'])
    expect(server.requests).toEqual([])
  })

  it('are given up with a notice when the server does not answer', async () => {
    await bootApp(server)
    server.fault = 500
    await userEvent.click(link('Active'))
    await waitFor(() => expect(alerts()).toEqual(['Could not show the active todos: the server had a problem (500). Please try again.']))
    expect(shownTitles()).toEqual(['milk', 'bread'])
    expect(current()).toEqual(['All'])
    expect(document.querySelector('dialog')).toBeNull()
  })

  it('follow the last of two quick clicks', async () => {
    await bootApp(server)
    server.hold()
    await userEvent.click(link('Active'))
    await userEvent.click(link('Completed'))
    expect(current()).toEqual(['Completed'])
    await act(async () => server.release())
    await waitFor(() => expect(address()).toBe('/todos?filter=completed'))
    expect(current()).toEqual(['Completed'])
    expect(alerts()).toEqual([])
  })

  it('say so when they leave nothing', async () => {
    server.todos = server.todos.filter(({ completed }) => completed)
    await bootApp(server)
    await userEvent.click(link('Active'))
    expect(screen.getByText('Nothing left to do.')).toBeTruthy()
  })
})

describe('with a filter', () => {
  const bootActive = async () => {
    const app = await bootLeader(server)
    await userEvent.click(link('Active'))
    await waitFor(() => expect(address()).toBe('/todos?filter=active'))
    return app
  }

  it('changes show and hide rows, and leave filter and address alone', async () => {
    await bootActive()
    await userEvent.click(checkbox('milk'))
    expect(shownTitles()).toEqual([])
    await userEvent.type(input(), 'eggs{Enter}')
    await waitFor(() => expect(checkbox('eggs').disabled).toBe(false))
    expect(shownTitles()).toEqual(['eggs'])
    expect(current()).toEqual(['Active'])
    expect(address()).toBe('/todos?filter=active')
  })

  it('a rejected title leaves filter and address alone, too', async () => {
    await bootActive()
    await userEvent.type(input(), '  {Enter}')
    await waitFor(() => expect(alerts()).toEqual(["Title can't be blank"]))
    expect(current()).toEqual(['Active'])
    expect(address()).toBe('/todos?filter=active')
  })

  it('a row stays that is being edited', async () => {
    await bootActive()
    await userEvent.dblClick(title('milk'))
    server.todos = server.todos.map((todo) => ({ ...todo, completed: true }))
    server.rev++
    act(() => FakeSocket.latest.transmit(server.list()))
    await waitFor(() => expect(document.querySelector('li.completed')).toBeTruthy())
    expect(editField()?.value).toBe('milk')
    await userEvent.keyboard('{Escape}')
    expect(shownTitles()).toEqual([])
  })

  it('the history keeps the filter when the list is written to it', async () => {
    await bootActive()
    server.add('eggs')
    act(() => FakeSocket.latest.transmit(server.list()))
    const props = () => (history.state as { page: { props: { rev: number; filter: string } } }).page.props
    await waitFor(() => expect(props().rev).toBe(server.rev))
    expect(props().filter).toBe('active')
  })
})
