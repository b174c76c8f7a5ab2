// @vitest-environment happy-dom
import { act, screen, waitFor, within } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'
import { beforeEach, describe, expect, it } from 'vitest'
import { bootApp } from '../support/app'
import { FakeServer, type Fault } from '../support/fake_server'

let server: FakeServer

beforeEach(() => {
  server = new FakeServer()
  server.add('bread')
  server.add('milk')
})

const input = () => screen.getByRole<HTMLInputElement>('textbox', { name: 'New todo' })
const checkbox = (name: string) => screen.getByRole<HTMLInputElement>('checkbox', { name })
const shownTitles = () => within(screen.getByRole('list', { name: 'Todos', hidden: true })).queryAllByRole('checkbox').map((box) => box.closest('li')?.querySelector('label')?.textContent)
const methods = () => server.requests.map(({ method }) => method)

describe('the list', () => {
  it('shows todos, counts and names for everything', async () => {
    server.add('done', true)
    await bootApp(server)
    expect(shownTitles()).toEqual(['done', 'milk', 'bread'])
    expect(checkbox('done').checked).toBe(true)
    const counts = [...document.querySelectorAll('.todos-stat')].map((stat) => stat.textContent)
    expect(counts).toEqual(['3Total', '1Done', '2Remaining'])
    expect(screen.getByRole('button', { name: 'Delete "milk"' })).toBeTruthy()
  })

  it('says so when it is empty', async () => {
    server.todos = []
    await bootApp(server)
    expect(screen.getByText('No todos yet. Add one above!')).toBeTruthy()
  })
})

describe('adding', () => {
  it('shows the todo at once, without controls until it has an id', async () => {
    await bootApp(server)
    server.hold()
    await userEvent.type(input(), 'eggs{Enter}')
    expect(shownTitles()).toEqual(['eggs', 'milk', 'bread'])
    expect(checkbox('eggs').disabled).toBe(true)
    expect(input().value).toBe('')
    const row = checkbox('eggs').closest('li')
    await act(async () => server.release())
    await waitFor(() => expect(checkbox('eggs').disabled).toBe(false))
    expect(checkbox('eggs').closest('li')).toBe(row)
    expect(server.requests[0]).toEqual({ method: 'post', url: '/todos', data: { todo: { title: 'eggs' } } })
  })

  it('enters a todo once on a double click', async () => {
    await bootApp(server)
    await userEvent.type(input(), 'eggs')
    await userEvent.dblClick(screen.getByRole('button', { name: 'Add' }))
    await waitFor(() => expect(shownTitles()).toEqual(['eggs', 'milk', 'bread']))
    expect(methods()).toEqual(['post'])
  })

  it('keeps what is being typed while the last one is under way', async () => {
    await bootApp(server)
    server.hold()
    await userEvent.type(input(), 'eggs{Enter}but')
    await act(async () => server.release())
    await userEvent.type(input(), 'ter')
    expect(input().value).toBe('butter')
  })

  it('keeps the order of several todos typed in a row', async () => {
    await bootApp(server)
    server.hold()
    await userEvent.type(input(), 'one{Enter}two{Enter}')
    expect(shownTitles()).toEqual(['two', 'one', 'milk', 'bread'])
    await act(async () => server.release())
    await waitFor(() => expect(server.todos.map(({ title }) => title)).toEqual(['two', 'one', 'milk', 'bread']))
    await waitFor(() => expect(checkbox('two').disabled).toBe(false))
    expect(shownTitles()).toEqual(['two', 'one', 'milk', 'bread'])
  })

  it('says what is wrong with a title, and gives it back', async () => {
    await bootApp(server)
    await userEvent.type(input(), '   {Enter}')
    expect((await screen.findByRole('alert')).textContent).toBe("Title can't be blank")
    expect(input().getAttribute('aria-invalid')).toBe('true')
    expect(input().value).toBe('   ')
    await userEvent.clear(input())
    await userEvent.type(input(), 'eggs{Enter}')
    await waitFor(() => expect(screen.queryByRole('alert')).toBeNull())
    expect(input().getAttribute('aria-invalid')).toBe('false')
  })

  it('sends nothing when nothing was typed', async () => {
    await bootApp(server)
    await userEvent.click(screen.getByRole('button', { name: 'Add' }))
    expect(server.requests).toEqual([])
  })
})

describe('toggling', () => {
  it('shows and sends the target', async () => {
    await bootApp(server)
    server.hold()
    await userEvent.click(checkbox('milk'))
    expect(checkbox('milk').checked).toBe(true)
    expect(server.requests).toEqual([{ method: 'patch', url: '/todos/2', data: { todo: { completed: true } } }])
    await act(async () => server.release())
    expect(checkbox('milk').checked).toBe(true)
  })

  it('sends the changes of different todos side by side', async () => {
    await bootApp(server)
    server.hold()
    await userEvent.click(checkbox('milk'))
    await userEvent.click(checkbox('bread'))
    expect(server.requests).toHaveLength(2)
    await act(async () => server.release())
    await waitFor(() => expect(server.todos.every(({ completed }) => completed)).toBe(true))
    expect([checkbox('milk').checked, checkbox('bread').checked]).toEqual([true, true])
  })

  it('lets the last of many clicks win, and skips those in between', async () => {
    await bootApp(server)
    server.hold()
    for (let click = 0; click < 5; click++) await userEvent.click(checkbox('milk'))
    await act(async () => server.release())
    await waitFor(() => expect(methods()).toEqual(['patch', 'patch']))
    await waitFor(() => expect(server.todos[0]?.completed).toBe(true))
    expect(checkbox('milk').checked).toBe(true)
  })
})

describe('deleting', () => {
  it('moves the focus to the next row, and at the end to the field', async () => {
    await bootApp(server)
    await userEvent.click(screen.getByRole('button', { name: 'Delete "milk"' }))
    expect(shownTitles()).toEqual(['bread'])
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Delete "bread"')
    await userEvent.keyboard('{Enter}')
    expect(document.activeElement).toBe(input())
    await waitFor(() => expect(methods()).toEqual(['delete', 'delete']))
  })
})

it('removes a todo from the screen that turns out to be gone', async () => {
  await bootApp(server)
  server.hold()
  server.failNext(404)
  await userEvent.click(checkbox('milk'))
  server.todos = server.todos.filter(({ title }) => title !== 'milk')
  server.rev++
  await act(async () => server.release())
  expect((await screen.findByRole('alert')).textContent).toMatch(/no longer exists/)
  await waitFor(() => expect(shownTitles()).toEqual(['bread']))
})

const faults: [string, Fault, RegExp][] = [
  ['a server error', 500, /had a problem \(500\)/],
  ['an Inertia error page', 'error page', /had a problem \(500\)/],
  ['a refused token', 422, /has expired/],
  ['a lost connection', 'network', /cannot be reached/],
]

describe.each(faults)('after %s', (_name, fault, text) => {
  beforeEach(async () => {
    await bootApp(server)
    server.fault = fault
  })

  it('gives the title back', async () => {
    await userEvent.type(input(), 'eggs{Enter}')
    expect((await screen.findByRole('alert')).textContent).toMatch(text)
    expect(shownTitles()).toEqual(['milk', 'bread'])
    expect(input().value).toBe('eggs')
  })

  it('takes the tick away', async () => {
    await userEvent.click(checkbox('milk'))
    expect((await screen.findByRole('alert')).textContent).toMatch(text)
    expect(checkbox('milk').checked).toBe(false)
  })

  it('puts the row back where it was', async () => {
    await userEvent.click(screen.getByRole('button', { name: 'Delete "milk"' }))
    expect((await screen.findByRole('alert')).textContent).toMatch(text)
    expect(shownTitles()).toEqual(['milk', 'bread'])
  })

  it('opens no dialog, and lets the notice be dismissed', async () => {
    await userEvent.click(checkbox('milk'))
    await screen.findByRole('alert')
    expect(document.querySelector('dialog')).toBeNull()
    await userEvent.click(screen.getByRole('button', { name: 'Dismiss' }))
    expect(screen.queryByRole('alert')).toBeNull()
  })
})
