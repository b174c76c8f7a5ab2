import { describe, expect, it } from 'vitest'
import { explain, fullMessages } from '../../src/todos/failures'

describe('fullMessages', () => {
  it.each([
    [{ title: "can't be blank" }, "Title can't be blank"],
    [{ due_date: 'is in the past' }, 'Due date is in the past'],
    [{ base: 'Nothing works today' }, 'Nothing works today'],
    [{ title: 'is too long', due_date: 'is missing' }, 'Title is too long. Due date is missing'],
    [{}, ''],
  ])('%j', (errors, text) => {
    expect(fullMessages(errors as Record<string, string>)).toBe(text)
  })
})

describe('explain', () => {
  it.each([
    [{ kind: 'refused', status: 500 }, 'Could not add “x”: the server had a problem (500). Please try again.'],
    [{ kind: 'refused', status: 404 }, 'Could not add “x”: it no longer exists.'],
    [{ kind: 'refused', status: 422 }, 'Could not add “x”: this page has expired. Reload it and try again.'],
    [{ kind: 'refused', status: 429 }, 'Could not add “x”: too many requests. Wait a moment and try again.'],
    [{ kind: 'refused', status: 503 }, 'Could not add “x”: the server is busy. Wait a moment and try again.'],
    [{ kind: 'timeout' }, 'Could not add “x”: the server takes too long to answer. Check the list and try again.'],
    [{ kind: 'unreachable' }, 'Could not add “x”: the server cannot be reached. Check your connection and try again.'],
    [{ kind: 'cancelled' }, 'Interrupted while trying to add “x”. Please check the list.'],
    [{ kind: 'invalid', errors: { title: "can't be blank" } }, "Title can't be blank"],
  ] as const)('%j', (failure, text) => {
    expect(explain(failure, 'add “x”')).toBe(text)
  })
})
