import type { Todo } from '../types'
import { isAboutList, type CreateOp, type Op } from './ops'

/** What the list shows. A row keeps its key from the first keystroke to the last. */
export interface Row {
  key: string
  /** Null until the server has given it one. */
  id: number | null
  title: string
  completed: boolean
}

/** The keys that rows of this page have had from the start, by the ids of their todos. */
export type Keys = ReadonlyMap<number, string>

/**
 * The list as the user expects it: the newest snapshot with the pending changes on
 * top, in the order in which they were asked for. Nothing is ever undone by hand: to
 * roll a change back, drop its op.
 */
export function overlay(todos: readonly Todo[], ops: readonly Op[], keys: Keys = new Map()): Row[] {
  const claimed = claims(todos, ops, keys)
  const about = opsByTodo(ops)
  const rows = temporaryRows(ops, new Set([...keys.values(), ...claimed.values()]))
  for (const { id, title, completed } of todos) {
    const key = claimed.get(id) ?? keys.get(id) ?? `todo-${id}`
    const row = applyAll({ key, id, title, completed }, about(id))
    if (row) rows.push(row)
  }
  return rows
}

/**
 * Which of the todos are the ones that pending creates asked for. The cable often
 * delivers a todo before its own request is answered; it must not show up twice.
 */
export function claims(todos: readonly Todo[], ops: readonly Op[], keys: Keys = new Map()): Map<number, string> {
  const claimed = new Map<number, string>()
  const found = new Set(keys.values())
  for (const op of ops) {
    if (op.kind !== 'create' || found.has(op.key)) continue
    // Oldest first: of two pending creates with one title the first is the older.
    const todo = todos.findLast(
      ({ id, title }) => id > op.afterId && title === op.title && !claimed.has(id) && !keys.has(id),
    )
    if (todo) claimed.set(todo.id, op.key)
  }
  return claimed
}

/** The latest on top. Changes of the whole list that were asked for later are about these, too. */
function temporaryRows(ops: readonly Op[], arrived: ReadonlySet<string>): Row[] {
  return ops
    .flatMap((op, index) => {
      if (op.kind !== 'create' || arrived.has(op.key)) return []
      return applyAll(temporaryRow(op), ops.slice(index + 1).filter(isAboutList)) ?? []
    })
    .reverse()
}

function temporaryRow({ key, title }: CreateOp): Row {
  return { key, id: null, title, completed: false }
}

/** For each todo the ops about it, among them those about the whole list. */
function opsByTodo(ops: readonly Op[]): (id: number) => readonly Op[] {
  const aboutAll = ops.filter(isAboutList)
  const named = new Set(ops.flatMap((op) => ('id' in op ? op.id : [])))
  const byId = new Map(
    [...named].map((id) => [id, ops.filter((op) => isAboutList(op) || ('id' in op && op.id === id))] as const),
  )
  return (id) => byId.get(id) ?? aboutAll
}

function applyAll(row: Row, ops: readonly Op[]): Row | null {
  return ops.reduce<Row | null>(apply, row)
}

function apply(row: Row | null, op: Op): Row | null {
  if (!row) return null
  switch (op.kind) {
    case 'create':
      return row
    case 'edit':
      return { ...row, title: op.title }
    case 'toggle':
    case 'toggle-all':
      return { ...row, completed: op.completed }
    case 'delete':
      return null
    case 'clear':
      return row.completed ? null : row
  }
}
