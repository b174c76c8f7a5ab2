// @vitest-environment happy-dom
import { fireEvent, screen, waitFor } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'
import { beforeEach, expect, it } from 'vitest'
import { bootApp } from '../support/app'
import { FakeServer } from '../support/fake_server'
import { alerts, button, checkbox, editField, input, shownTitles, title } from '../support/screen'

let server: FakeServer

beforeEach(() => {
  server = new FakeServer()
  for (const name of ['eggs', 'bread', 'milk']) server.add(name)
})

/** The pointer stays where it is. What is there by then gets the second click. */
function doubleClick(first: Element, second: () => Element): void {
  fireEvent.click(first, { detail: 1 })
  fireEvent.click(second(), { detail: 2 })
  fireEvent.doubleClick(second(), { detail: 2 })
}

it('of a double click on "delete" the second is not for the next row', async () => {
  await bootApp(server)
  doubleClick(button('Delete "milk"'), () => button('Delete "bread"'))
  expect(shownTitles()).toEqual(['bread', 'eggs'])
  await waitFor(() => expect(server.requests).toHaveLength(1))
  fireEvent.click(button('Delete "bread"'), { detail: 3 })
  expect(shownTitles()).toEqual(['eggs'])
})

it('nor for the text of the next row', async () => {
  await bootApp(server)
  doubleClick(button('Delete "milk"'), () => title('bread'))
  expect(editField()).toBeNull()
})

it('of a double click on "dismiss" the second is not for "mark all"', async () => {
  await bootApp(server)
  await userEvent.type(input(), ' {Enter}')
  await waitFor(() => expect(alerts()).toHaveLength(1))
  doubleClick(button('Dismiss'), () => screen.getByText('Mark all as complete'))
  expect(alerts()).toEqual([])
  expect(checkbox('milk').checked).toBe(false)
})

it('what stays where it is gets both', async () => {
  await bootApp(server)
  doubleClick(checkbox('milk'), () => checkbox('milk'))
  expect(checkbox('milk').checked).toBe(false)
  const label = screen.getByText('Mark all as complete')
  doubleClick(label, () => label)
  expect(checkbox('milk').checked).toBe(false)
})
