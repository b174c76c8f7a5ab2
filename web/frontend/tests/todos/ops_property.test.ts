import { describe, expect, it } from 'vitest'
import type { Op } from '../../src/todos/ops'
import { overlay } from '../../src/todos/overlay'
import { TodoStore } from '../../src/todos/store'
import type { Todo } from '../../src/types'

/** Small and repeatable: a failing seed can be run again. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return Math.floor((state / 2 ** 32) * below)
  }
}

function randomTodos(random: (below: number) => number): Todo[] {
  const ids = Array.from({ length: random(6) }, (_, index) => index + 1).reverse()
  return ids.map((id) => ({ id, title: `todo ${id}`, completed: random(2) === 1, created_at: '' }))
}

function randomOp(random: (below: number) => number, turn: number): Op {
  const id = 1 + random(7)
  const completed = random(2) === 1
  const kinds: Op[] = [
    { kind: 'create', key: `new-${turn}`, title: `new ${turn}`, afterId: 6 },
    { kind: 'edit', id, title: `edit ${turn}` },
    { kind: 'toggle', id, completed },
    { kind: 'toggle', id, completed },
    { kind: 'delete', id },
    { kind: 'toggle-all', completed },
    { kind: 'clear' },
  ]
  return kinds[random(kinds.length)]!
}

/** What the server has when it has made the changes one after the other. */
function serve(todos: Todo[], ops: Op[]): Todo[] {
  return ops.reduce((list, op, index) => {
    switch (op.kind) {
      case 'create':
        return [{ id: 100 + index, title: op.title, completed: false, created_at: '' }, ...list]
      case 'edit':
        return list.map((todo) => (todo.id === op.id ? { ...todo, title: op.title } : todo))
      case 'toggle':
        return list.map((todo) => (todo.id === op.id ? { ...todo, completed: op.completed } : todo))
      case 'delete':
        return list.filter(({ id }) => id !== op.id)
      case 'toggle-all':
        return list.map((todo) => ({ ...todo, completed: op.completed }))
      case 'clear':
        return list.filter(({ completed }) => !completed)
    }
  }, todos)
}

const looks = (todos: Todo[], ops: Op[]) => overlay(todos, ops).map(({ title, completed }) => ({ title, completed }))

const SEEDS = Array.from({ length: 300 }, (_, index) => index + 1)

function story(seed: number) {
  const random = randomNumbers(seed)
  const todos = randomTodos(random)
  const ops = Array.from({ length: 1 + random(7) }, (_, turn) => randomOp(random, turn))
  return { random, todos, ops }
}

describe('pending changes', () => {
  it('look as they will when the server has made them all, in the order they were asked for', () => {
    for (const seed of SEEDS) {
      const { todos, ops } = story(seed)
      expect(looks(todos, ops), `seed ${seed}`).toEqual(looks(serve(todos, ops), []))
    }
  })

  it('look as if one had never been asked for once it is dropped, whenever the list changes', () => {
    for (const seed of SEEDS) {
      const { random, todos, ops } = story(seed)
      const dropped = ops[random(ops.length)]!
      const news = randomTodos(random)
      const [early, late, without] = [new TodoStore(() => {}), new TodoStore(() => {}), new TodoStore(() => {})]
      for (const store of [early, late, without]) store.offer({ todos, rev: 1, epoch: 'e' }, 'server')
      for (const op of ops) {
        early.add(op)
        late.add(op)
        if (op !== dropped) without.add(op)
      }
      early.drop(dropped)
      for (const store of [early, late, without]) store.offer({ todos: news, rev: 2, epoch: 'e' }, 'server')
      late.drop(dropped)
      expect(early.rows(), `seed ${seed}`).toEqual(without.rows())
      expect(late.rows(), `seed ${seed}`).toEqual(without.rows())
    }
  })

  it('may be drawn on a list that has some of them already, up to the next change of the whole list', () => {
    for (const seed of SEEDS) {
      const { random, todos, ops } = story(seed)
      const singles = ops.filter(({ kind }) => kind === 'edit' || kind === 'toggle' || kind === 'delete')
      const made = singles.slice(0, random(singles.length + 1))
      expect(looks(serve(todos, made), singles), `seed ${seed}`).toEqual(looks(todos, singles))
    }
  })
})
