// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'
import { beforeEach, describe, expect, it } from 'vitest'
import { bootApp, bootLeader } from '../support/app'
import { FakeServer } from '../support/fake_server'
import { FakeSocket } from '../support/fake_socket'
import { alerts, button, checkbox, editField, input, shownTitles, title } from '../support/screen'

let server: FakeServer

beforeEach(() => {
  server = new FakeServer()
  server.add('bread')
  server.add('milk')
})

/** Opens the field by a double click and replaces what is in it. */
async function rewrite(from: string, to: string): Promise<void> {
  await userEvent.dblClick(title(from))
  await userEvent.clear(editField()!)
  if (to) await userEvent.type(editField()!, to)
}

const news = (change: () => void) => {
  change()
  act(() => FakeSocket.latest.transmit(server.list()))
}

describe('editing begins', () => {
  it('with a double click on the text, which toggles nothing', async () => {
    await bootApp(server)
    await userEvent.dblClick(title('milk'))
    expect(editField()?.value).toBe('milk')
    expect(document.activeElement).toBe(editField())
    expect([editField()?.selectionStart, editField()?.selectionEnd]).toEqual([4, 4])
    expect(server.requests).toEqual([])
  })

  it('with F2 from anywhere in the row', async () => {
    await bootApp(server)
    checkbox('milk').focus()
    await userEvent.keyboard('{F2}')
    expect(editField()?.value).toBe('milk')
  })

  it('with a button', async () => {
    await bootApp(server)
    await userEvent.click(button('Edit "milk"'))
    expect(editField()?.value).toBe('milk')
  })

  it('not with a single click', async () => {
    await bootApp(server)
    await userEvent.click(title('milk'))
    expect(editField()).toBeNull()
    expect(checkbox('milk').checked).toBe(false)
  })

  it('not before the todo has an id', async () => {
    await bootApp(server)
    server.hold()
    await userEvent.type(input(), 'eggs{Enter}')
    await userEvent.dblClick(title('eggs'))
    expect(editField()).toBeNull()
    await act(async () => server.release())
  })

  it('and hides the other controls of the row', async () => {
    await bootApp(server)
    await userEvent.dblClick(title('milk'))
    expect(screen.queryByRole('checkbox', { name: 'milk' })).toBeNull()
    expect(screen.queryByRole('button', { name: 'Delete "milk"' })).toBeNull()
    expect(button('Delete "bread"')).toBeTruthy()
    expect(editField()?.closest('li')?.className).toContain('editing')
  })
})

describe('editing ends', () => {
  it('with Enter: the trimmed title shows at once and is sent, and the focus is back in the row', async () => {
    await bootApp(server)
    server.hold()
    await rewrite('milk', '  oat milk {Enter}')
    expect(shownTitles()).toEqual(['oat milk', 'bread'])
    expect(server.requests).toEqual([{ method: 'patch', url: '/todos/2', data: { todo: { title: 'oat milk' } } }])
    await waitFor(() => expect(document.activeElement).toBe(checkbox('oat milk')))
    await act(async () => server.release())
    expect(shownTitles()).toEqual(['oat milk', 'bread'])
  })

  it('by leaving the field, which saves', async () => {
    await bootApp(server)
    await rewrite('milk', 'cocoa')
    await userEvent.click(input())
    await waitFor(() => expect(server.todos[0]?.title).toBe('cocoa'))
    expect(document.activeElement).toBe(input())
  })

  it('with Escape, which does not', async () => {
    await bootApp(server)
    await rewrite('milk', 'cocoa{Escape}')
    expect(shownTitles()).toEqual(['milk', 'bread'])
    expect(server.requests).toEqual([])
    await waitFor(() => expect(document.activeElement).toBe(checkbox('milk')))
  })

  it.each(['milk', ' milk  '])('without a request when the title is the same: "%s"', async (text) => {
    await bootApp(server)
    await rewrite('milk', `${text}{Enter}`)
    expect(server.requests).toEqual([])
    expect(editField()).toBeNull()
  })

  it('with a deletion when nothing is left, and the focus goes to the next row', async () => {
    await bootApp(server)
    await rewrite('milk', '  {Enter}')
    expect(shownTitles()).toEqual(['bread'])
    expect(document.activeElement).toBe(button('Delete "bread"'))
    await waitFor(() => expect(server.requests).toMatchObject([{ method: 'delete', url: '/todos/2' }]))
  })

  it('when another row is edited, and saves', async () => {
    await bootApp(server)
    await rewrite('milk', 'cocoa')
    await userEvent.dblClick(title('bread'))
    expect(editField()?.value).toBe('bread')
    await waitFor(() => expect(server.todos[0]?.title).toBe('cocoa'))
  })

  it('not with the Enter or Escape that ends the composition of a word', async () => {
    await bootApp(server)
    await rewrite('milk', 'cocoa')
    fireEvent.keyDown(editField()!, { key: 'Enter', isComposing: true })
    fireEvent.keyDown(editField()!, { key: 'Escape', isComposing: true })
    // Safari, after the composition.
    fireEvent.keyDown(editField()!, { key: 'Enter', keyCode: 229 })
    expect(editField()?.value).toBe('cocoa')
  })
})

describe('a failure to save', () => {
  it('shows the old title again, and gives the new one back', async () => {
    await bootApp(server)
    server.fault = 500
    await rewrite('milk', 'cocoa{Enter}')
    await waitFor(() => expect(editField()?.value).toBe('cocoa'))
    expect(alerts()).toEqual(['Could not rename “milk” to “cocoa”: the server had a problem (500). Please try again.'])
    expect(title('milk')).toBeTruthy()
    expect(document.activeElement).toBe(editField())
    server.fault = null
    await userEvent.keyboard('{Enter}')
    await waitFor(() => expect(server.todos[0]?.title).toBe('cocoa'))
    expect(alerts()).toEqual([])
  })

  it('does not take the focus from where somebody types', async () => {
    await bootApp(server)
    server.fault = 500
    server.hold()
    await rewrite('milk', 'cocoa')
    await userEvent.type(input(), 'eggs')
    await act(async () => server.release())
    await waitFor(() => expect(editField()?.value).toBe('cocoa'))
    expect(document.activeElement).toBe(input())
    expect(input().value).toBe('eggs')
  })
})

describe('news during editing', () => {
  it('leave alone what has been typed', async () => {
    await bootLeader(server)
    await rewrite('milk', 'coc')
    news(() => server.add('eggs'))
    await waitFor(() => expect(shownTitles()).toEqual(['eggs', 'milk', 'bread']))
    await userEvent.keyboard('oa')
    expect(editField()?.value).toBe('cocoa')
    expect(document.activeElement).toBe(editField())
  })

  it('of its deletion give the text to the field for a new todo', async () => {
    await bootLeader(server)
    await rewrite('milk', 'cocoa')
    news(() => server.remove('milk'))
    await waitFor(() => expect(editField()).toBeNull())
    expect(input().value).toBe('cocoa')
    expect(document.activeElement).toBe(input())
    expect(alerts()).toEqual(['“milk” was deleted meanwhile. What you typed is in the field for a new todo.'])
    expect(server.requests).toEqual([])
  })

  it('of its deletion tell the text when that field is in use', async () => {
    await bootLeader(server)
    await userEvent.type(input(), 'half a thought')
    await rewrite('milk', 'cocoa')
    news(() => server.remove('milk'))
    await waitFor(() => expect(alerts()).toEqual(['“milk” was deleted meanwhile. You had typed: “cocoa”.']))
    expect(input().value).toBe('half a thought')
  })

  it('of its deletion give nothing back when nothing was typed', async () => {
    await bootLeader(server)
    await userEvent.dblClick(title('milk'))
    news(() => server.remove('milk'))
    await waitFor(() => expect(alerts()).toEqual(['“milk” was deleted meanwhile.']))
    expect(input().value).toBe('')
  })
})
