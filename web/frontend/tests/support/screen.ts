import { screen, within } from '@testing-library/react'

/** What a person finds on the page of the todos. */
export const input = () => screen.getByRole<HTMLInputElement>('textbox', { name: 'New todo' })
export const checkbox = (name: string) => screen.getByRole<HTMLInputElement>('checkbox', { name })
export const editField = () => screen.queryByRole<HTMLInputElement>('textbox', { name: 'Edit' })
export const title = (text: string) => screen.getByText(text, { selector: '.todos-text' })
export const button = (name: string) => screen.getByRole('button', { name })
export const alerts = () => screen.queryAllByRole('alert').map(({ textContent }) => textContent)

export const shownTitles = () =>
  within(screen.getByRole('list', { name: 'Todos', hidden: true }))
    .queryAllByTestId('todo-title')
    .map(({ textContent }) => textContent)
