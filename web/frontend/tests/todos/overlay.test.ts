import { describe, expect, it } from 'vitest'
import { isSuperseded, type CreateOp, type Op, type ToggleOp } from '../../src/todos/ops'
import { overlay } from '../../src/todos/overlay'
import { TodoStore } from '../../src/todos/store'
import type { Todo } from '../../src/types'

const todo = (id: number, title: string, completed = false): Todo => ({ id, title, completed, created_at: '' })
const create = (title: string, afterId: number, key = `new-${title}`): CreateOp => ({ kind: 'create', key, title, afterId })
const titles = (todos: Todo[], ops: Op[]) => overlay(todos, ops).map(({ title }) => title)

const base = [todo(3, 'c'), todo(2, 'b', true), todo(1, 'a')]

describe('overlay', () => {
  it('shows the list as it is when nothing is pending', () => {
    expect(overlay(base, [])).toEqual([
      { key: 'todo-3', id: 3, title: 'c', completed: false },
      { key: 'todo-2', id: 2, title: 'b', completed: true },
      { key: 'todo-1', id: 1, title: 'a', completed: false },
    ])
  })

  it('puts new todos on top without an id, the latest first', () => {
    expect(overlay(base, [create('d', 3), create('e', 3)]).slice(0, 2)).toEqual([
      { key: 'new-e', id: null, title: 'e', completed: false },
      { key: 'new-d', id: null, title: 'd', completed: false },
    ])
  })

  it('sets the target of a toggle, whatever the list says meanwhile', () => {
    const ops: Op[] = [{ kind: 'toggle', id: 2, completed: false }]
    expect(overlay(base, ops)[1]?.completed).toBe(false)
    expect(overlay([todo(2, 'b', false)], ops)[0]?.completed).toBe(false)
  })

  it('lets the last of several toggles win', () => {
    const ops: Op[] = [true, false, true].map((completed) => ({ kind: 'toggle', id: 1, completed }))
    expect(overlay(base, ops)[2]?.completed).toBe(true)
  })

  it('shows the new title, the last of several', () => {
    const ops: Op[] = ['x', 'y'].map((title) => ({ kind: 'edit', id: 2, title }))
    expect(titles(base, ops)).toEqual(['c', 'y', 'a'])
  })

  it('marks all, also those that are on their way, and after that again one by one', () => {
    const ops: Op[] = [create('d', 3), { kind: 'toggle-all', completed: true }, { kind: 'toggle', id: 1, completed: false }]
    expect(overlay(base, ops).map(({ completed }) => completed)).toEqual([true, true, true, false])
  })

  it('leaves alone what is asked for after all were marked', () => {
    const ops: Op[] = [{ kind: 'toggle-all', completed: true }, create('d', 3)]
    expect(overlay(base, ops).map(({ completed }) => completed)).toEqual([false, true, true, true])
  })

  it('clears what was completed when it was asked for', () => {
    const clear: Op = { kind: 'clear' }
    expect(titles(base, [clear])).toEqual(['c', 'a'])
    expect(titles(base, [{ kind: 'toggle', id: 1, completed: true }, clear])).toEqual(['c'])
    expect(titles(base, [clear, { kind: 'toggle', id: 1, completed: true }])).toEqual(['c', 'a'])
    expect(titles(base, [{ kind: 'toggle-all', completed: true }, clear])).toEqual([])
  })

  it('hides what is being deleted', () => {
    expect(titles(base, [{ kind: 'delete', id: 2 }])).toEqual(['c', 'a'])
  })

  it('shows a todo once that the cable has brought before its own answer', () => {
    const rows = overlay([todo(4, 'd'), ...base], [create('d', 3)])
    expect(rows.map(({ title }) => title)).toEqual(['d', 'c', 'b', 'a'])
    expect(rows[0]).toMatchObject({ key: 'new-d', id: 4 })
  })

  it('does not mistake an older todo of the same title for the new one', () => {
    expect(titles(base, [create('a', 3)])).toEqual(['a', 'c', 'b', 'a'])
  })

  it('matches two new todos of one title in the order they were typed', () => {
    const ops = [create('d', 3, 'first'), create('d', 3, 'second')]
    expect(overlay([todo(4, 'd'), ...base], ops).map(({ key }) => key).slice(0, 2)).toEqual(['second', 'first'])
    expect(overlay([todo(5, 'd'), todo(4, 'd'), ...base], ops).map(({ key }) => key).slice(0, 2)).toEqual(['second', 'first'])
  })

  it('ignores changes of todos that somebody else has deleted', () => {
    expect(titles([todo(1, 'a')], [{ kind: 'toggle', id: 9, completed: true }, { kind: 'delete', id: 8 }])).toEqual(['a'])
  })
})

describe('rollback', () => {
  const ops: Op[] = [
    { kind: 'toggle', id: 1, completed: true },
    { kind: 'delete', id: 3 },
    create('x', 3),
  ]
  const live = [todo(5, 'new from elsewhere'), todo(2, 'b', true), todo(1, 'a')]

  it.each(ops.map((op) => [op.kind, op] as const))('of a %s commutes with a live update', (_kind, op) => {
    const [early, late] = [new TodoStore(() => {}), new TodoStore(() => {})]
    for (const store of [early, late]) {
      store.offer({ todos: base, rev: 1, epoch: 'e' }, 'server')
      ops.forEach((each) => store.add(each))
    }
    early.drop(op)
    early.offer({ todos: live, rev: 2, epoch: 'e' }, 'server')
    late.offer({ todos: live, rev: 2, epoch: 'e' }, 'server')
    late.drop(op)
    expect(early.rows()).toEqual(late.rows())
  })

  it('puts a todo back where it was', () => {
    const store = new TodoStore(() => {})
    store.offer({ todos: base, rev: 1, epoch: 'e' }, 'server')
    const op: Op = { kind: 'delete', id: 2 }
    store.add(op)
    store.drop(op)
    expect(store.rows().map(({ id }) => id)).toEqual([3, 2, 1])
  })
})

describe('a confirmed todo', () => {
  it('keeps the key of its temporary row', () => {
    const store = new TodoStore(() => {})
    store.offer({ todos: base, rev: 1, epoch: 'e' }, 'server')
    const op = create('d', store.highestId())
    store.add(op)
    store.offer({ todos: [todo(4, 'd'), ...base], rev: 2, epoch: 'e' }, 'server')
    store.drop(op)
    expect(store.rows()[0]).toEqual({ key: 'new-d', id: 4, title: 'd', completed: false })
  })
})

describe('a todo that has arrived before its answer', () => {
  const arrived = () => {
    const store = new TodoStore(() => {})
    store.offer({ todos: base, rev: 1, epoch: 'e' }, 'server')
    store.add(create('d', 3))
    store.offer({ todos: [todo(4, 'd'), ...base], rev: 2, epoch: 'e' }, 'server')
    return store
  }

  it('is still known when it is renamed', () => {
    const store = arrived()
    store.offer({ todos: [todo(4, 'other'), ...base], rev: 3, epoch: 'e' }, 'server')
    expect(store.rows().map(({ key, title }) => [key, title])[0]).toEqual(['new-d', 'other'])
    expect(store.rows()).toHaveLength(4)
  })

  it('does not come back when somebody deletes it', () => {
    const store = arrived()
    store.offer({ todos: base, rev: 3, epoch: 'e' }, 'server')
    expect(store.rows()).toHaveLength(3)
  })
})

describe('isSuperseded', () => {
  const first: ToggleOp = { kind: 'toggle', id: 1, completed: true }

  it.each([
    ['a later toggle', { kind: 'toggle', id: 1, completed: false }, true],
    ['a later deletion', { kind: 'delete', id: 1 }, true],
    ['a change of another todo', { kind: 'delete', id: 2 }, false],
  ] as const)('by %s', (_name, later, expected) => {
    expect(isSuperseded(first, [first, later])).toBe(expected)
    expect(isSuperseded(first, [later, first])).toBe(false)
  })

  const all: Op = { kind: 'toggle-all', completed: false }
  const clear: Op = { kind: 'clear' }
  const edit: Op = { kind: 'edit', id: 1, title: 'x' }

  it.each([
    ['a toggle by one of all', first, [all], true],
    ['a toggle that decides what is cleared', first, [clear, all], false],
    ['a toggle by one before the clearing', first, [all, clear], true],
    ['one of all by another', all, [{ kind: 'toggle-all', completed: true }], true],
    ['one of all by a single toggle', all, [first], false],
    ['one of all that decides what is cleared', all, [clear, { kind: 'toggle-all', completed: true }], false],
    ['an edit by another', edit, [{ kind: 'edit', id: 1, title: 'y' }], true],
    ['an edit by a deletion', edit, [clear, { kind: 'delete', id: 1 }], true],
    ['an edit by a toggle', edit, [first, all], false],
  ] as [string, ToggleOp, Op[], boolean][])('%s: %#', (_name, op, later, expected) => {
    expect(isSuperseded(op, [op, ...later])).toBe(expected)
  })
})
