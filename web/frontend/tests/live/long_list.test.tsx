// @vitest-environment happy-dom
import { act, screen, waitFor } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { bootApp, bootLeader } from '../support/app'
import { FakeServer } from '../support/fake_server'
import { FakeSocket } from '../support/fake_socket'
import { button, checkbox, editField, input, shownTitles, title } from '../support/screen'

const ROW = 53

let server: FakeServer
let scrolled: number

/** The layout that happy-dom does not do: all rows have one line, and the list begins at the top of the page. */
beforeEach(() => {
  scrolled = 0
  server = new FakeServer()
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(ROW)
  vi.spyOn(HTMLUListElement.prototype, 'getBoundingClientRect').mockImplementation(() => ({ top: -scrolled }) as DOMRect)
})

const fill = (count: number) => {
  for (let number = 1; number <= count; number++) server.add(`todo ${number}`)
}

const scrollTo = (top: number) =>
  act(() => {
    scrolled = top
    window.dispatchEvent(new Event('scroll'))
  })

const list = () => screen.getByRole('list', { name: 'Todos' })

describe('a list of 200', () => {
  it('is in the document as a whole', async () => {
    fill(200)
    await bootApp(server)
    expect(shownTitles()).toHaveLength(200)
    expect(list().firstElementChild?.hasAttribute('aria-posinset')).toBe(false)
  })

  it('keeps row and focus when it grows beyond', async () => {
    fill(200)
    await bootLeader(server)
    checkbox('todo 200').focus()
    const row = checkbox('todo 200').closest('li')
    server.add('one more')
    act(() => FakeSocket.latest.transmit(server.list()))
    await waitFor(() => expect(shownTitles()[0]).toBe('one more'))
    expect(shownTitles().length).toBeLessThan(60)
    expect(checkbox('todo 200').closest('li')).toBe(row)
    expect(document.activeElement).toBe(checkbox('todo 200'))
  })
})

describe('a list of 1,500', () => {
  beforeEach(async () => {
    fill(1_500)
    await bootLeader(server)
  })

  it('is in the document where it is in view, and says where that is', () => {
    scrollTo(500 * ROW)
    expect(shownTitles().length).toBeLessThan(60)
    const row = title('todo 1000').closest('li')
    expect([row?.getAttribute('aria-posinset'), row?.getAttribute('aria-setsize')]).toEqual(['501', '1500'])
    expect(screen.queryByText('todo 1500')).toBeNull()
  })

  it('is as high as all its rows', () => {
    scrollTo(500 * ROW)
    const rows = [...list().children] as HTMLElement[]
    const room = rows.reduce((sum, row) => sum + ROW + (parseFloat(row.style.marginBlockStart) || 0), parseFloat(list().style.paddingBlockEnd))
    expect(room).toBe(1_500 * ROW)
  })

  it('keeps the row with the focus, wherever one scrolls', () => {
    act(() => checkbox('todo 1500').focus())
    scrollTo(500 * ROW)
    expect(document.activeElement).toBe(checkbox('todo 1500'))
    expect(title('todo 1000')).toBeTruthy()
  })

  it('keeps the row that is being edited, with what is typed', async () => {
    await userEvent.dblClick(title('todo 1500'))
    await userEvent.type(editField()!, ' and more')
    scrollTo(900 * ROW)
    expect(editField()?.value).toBe('todo 1500 and more')
  })

  it('moves the focus on when a row is deleted', async () => {
    await userEvent.click(button('Delete "todo 1499"'))
    expect(document.activeElement).toBe(button('Delete "todo 1498"'))
  })

  it('is printed as a whole', () => {
    act(() => void window.dispatchEvent(new Event('beforeprint')))
    expect(list().children).toHaveLength(1_500)
    act(() => void window.dispatchEvent(new Event('afterprint')))
    expect(list().children.length).toBeLessThan(60)
  })

  it('stays out of the page object and the history, which still know its revision', async () => {
    const props = () => (history.state as { page: { props: { rev: number; todos: unknown } } }).page.props
    await userEvent.type(input(), 'eggs{Enter}')
    await waitFor(() => expect(checkbox('eggs').disabled).toBe(false))
    await waitFor(() => expect(props().rev).toBe(server.rev))
    expect(props().todos).toBeNull()
    expect(shownTitles()[0]).toBe('eggs')
  })
})
