import { beforeEach, describe, expect, it, vi } from 'vitest'
import { uuid } from '../../src/lib/id'
import { TodoActions } from '../../src/todos/actions'
import { TodoStore } from '../../src/todos/store'
import type { Change, Outcome } from '../../src/todos/visit'

let sent: Change[]
let answers: Outcome[]
let notices: string[]
let actions: TodoActions
let store: TodoStore

beforeEach(() => {
  vi.useFakeTimers()
  sent = []
  answers = []
  notices = []
  store = new TodoStore(() => {})
  actions = new TodoActions({
    store,
    send: async (change) => {
      sent.push(change)
      return answers.shift() ?? { kind: 'ok' }
    },
    started: () => {},
    failed: (_scope, text) => notices.push(text),
  })
})

/** Runs a change to its end, pauses included. */
async function settle<T>(change: Promise<T>): Promise<T> {
  await vi.advanceTimersByTimeAsync(1_000)
  return change
}

const keys = () => sent.map(({ key }) => key)
const milk = { id: 1, title: 'milk', completed: false, created_at: '2026-01-01T00:00:00Z' }
const lost: Outcome = { kind: 'unreachable' }

describe('keys', () => {
  it('are UUIDs, and others for every wish', async () => {
    await settle(actions.create('milk'))
    await settle(actions.create('milk'))
    await settle(actions.toggle(1, 'milk', true))
    expect(new Set(keys()).size).toBe(3)
    for (const key of keys()) expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(new Set(Array.from({ length: 100 }, uuid)).size).toBe(100)
  })
})

describe('a request without an answer', () => {
  it('is sent again by itself, with its key and after a pause', async () => {
    answers = [lost]
    const change = actions.toggle(1, 'milk', true)
    await vi.advanceTimersByTimeAsync(299)
    expect(sent).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(await change).toBe(true)
    expect(sent[1]).toEqual(sent[0])
    expect(notices).toEqual([])
  })

  it('is given up after the second time', async () => {
    answers = [lost, lost]
    expect(await settle(actions.toggle(1, 'milk', true))).toBe(false)
    expect(sent).toHaveLength(2)
    expect(notices).toHaveLength(1)
  })

  it.each<Outcome>([{ kind: 'refused', status: 503 }, { kind: 'timeout' }, { kind: 'invalid', errors: {} }])(
    'is another thing than %j, which is not sent again',
    async (outcome) => {
      answers = [outcome]
      expect(await settle(actions.create('milk'))).toBe(false)
      expect(sent).toHaveLength(1)
    },
  )
})

describe('a todo whose answer was lost', () => {
  it.each<Outcome[]>([[lost, lost], [{ kind: 'timeout' }]].map((each) => each as Outcome[]))('is the same wish when it is sent again: %#', async (...outcomes) => {
    answers = outcomes
    expect(await settle(actions.create('milk'))).toBe(false)
    await settle(actions.create(' milk '))
    expect(new Set(keys()).size).toBe(1)
    expect(sent.at(-1)).toEqual(sent[0])
    await settle(actions.create('milk'))
    expect(new Set(keys()).size).toBe(2)
  })

  it('is another wish a minute later', async () => {
    answers = [lost, lost]
    await settle(actions.create('milk'))
    await vi.advanceTimersByTimeAsync(60_000)
    await settle(actions.create('milk'))
    expect(new Set(keys()).size).toBe(2)
  })

  it('keeps its row, which is not shown twice once it has come', async () => {
    answers = [lost, lost]
    await settle(actions.create('milk'))
    store.offer({ todos: [milk], rev: 1, epoch: 'db' }, 'server')
    const again = actions.create('milk')
    expect(store.rows().map(({ title }) => title)).toEqual(['milk'])
    await settle(again)
  })

  it('is no failure if the todo has come meanwhile', async () => {
    answers = [lost, lost]
    const created = actions.create('milk')
    store.offer({ todos: [milk], rev: 1, epoch: 'db' }, 'server')
    expect(await settle(created)).toBe(true)
    expect(notices).toEqual([])
  })

  it('is another wish after its todo was deleted', async () => {
    answers = [lost, lost]
    await settle(actions.create('milk'))
    await settle(actions.remove(1, 'milk'))
    await settle(actions.create('milk'))
    expect(new Set(keys()).size).toBe(3)
  })

  it('is another wish than a different text, or than one that was refused', async () => {
    answers = [lost, lost, { kind: 'refused', status: 500 }]
    await settle(actions.create('milk'))
    await settle(actions.create('bread'))
    await settle(actions.create('bread'))
    expect(new Set(keys()).size).toBe(3)
  })
})

describe('changes of the whole list', () => {
  it('are sent as such', async () => {
    await settle(actions.toggleAll(true))
    await settle(actions.clearCompleted())
    await settle(actions.edit(3, 'milk', 'oat milk'))
    expect(sent.map(({ method, url, todo }) => [method, url, todo])).toEqual([
      ['patch', '/todos', { completed: true }],
      ['delete', '/todos/completed', undefined],
      ['patch', '/todos/3', { title: 'oat milk' }],
    ])
  })

  it('wait for earlier changes, and make later ones wait', async () => {
    const all = [
      actions.toggle(1, 'milk', true),
      actions.create('bread'),
      actions.clearCompleted(),
      actions.toggle(2, 'eggs', true),
    ]
    expect(sent.map(({ url }) => url)).toEqual(['/todos/1', '/todos'])
    await settle(Promise.all(all))
    expect(sent.map(({ url }) => url)).toEqual(['/todos/1', '/todos', '/todos/completed', '/todos/2'])
  })
})
