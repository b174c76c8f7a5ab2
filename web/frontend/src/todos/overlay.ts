import type { Todo } from '../types'

/** A change that was asked for but is not confirmed yet. */
export type Op = CreateOp | ToggleOp | DeleteOp

export interface CreateOp {
  kind: 'create'
  key: string
  title: string
  /** The highest id at the time: a todo above it may be the one asked for. */
  afterId: number
}

export interface ToggleOp {
  kind: 'toggle'
  id: number
  /** The target, never "the other one": two tabs may want the same. */
  completed: boolean
}

export interface DeleteOp {
  kind: 'delete'
  id: number
}

/** What the list shows. A row keeps its key from the first keystroke to the last. */
export interface Row {
  key: string
  /** Null until the server has given it one. */
  id: number | null
  title: string
  completed: boolean
}

/**
 * The list as the user expects it: the newest snapshot with the pending changes
 * on top. Nothing is ever undone by hand: to roll a change back, drop its op.
 */
export function overlay(todos: readonly Todo[], ops: readonly Op[], keys: ReadonlyMap<number, string> = new Map()): Row[] {
  const claimed = claims(todos, ops)
  const arrived = new Set(claimed.values())
  const deleted = new Set(ops.flatMap((op) => (op.kind === 'delete' ? op.id : [])))
  const targets = new Map(ops.flatMap((op) => (op.kind === 'toggle' ? [[op.id, op.completed] as const] : [])))

  const rows = todos
    .filter(({ id }) => !deleted.has(id))
    .map(({ id, title, completed }): Row => ({
      key: claimed.get(id) ?? keys.get(id) ?? `todo-${id}`,
      id,
      title,
      completed: targets.get(id) ?? completed,
    }))
  return [...temporaryRows(ops, arrived), ...rows]
}

/**
 * Which of the todos are the ones that pending creates asked for. The cable often
 * delivers a todo before its own request is answered; it must not show up twice.
 */
export function claims(todos: readonly Todo[], ops: readonly Op[]): Map<number, string> {
  const claimed = new Map<number, string>()
  for (const op of ops) {
    if (op.kind !== 'create') continue
    // Oldest first: of two pending creates with one title the first is the older.
    const todo = todos.findLast(({ id, title }) => id > op.afterId && title === op.title && !claimed.has(id))
    if (todo) claimed.set(todo.id, op.key)
  }
  return claimed
}

function temporaryRows(ops: readonly Op[], arrived: ReadonlySet<string>): Row[] {
  return ops
    .flatMap((op) => (op.kind === 'create' && !arrived.has(op.key) ? op : []))
    .map(({ key, title }): Row => ({ key, id: null, title, completed: false }))
    .reverse()
}

/** A later change of the same todo makes this one pointless, if it has not been sent yet. */
export function isSuperseded(op: ToggleOp, ops: readonly Op[]): boolean {
  return ops.slice(ops.indexOf(op) + 1).some((later) => later.kind !== 'create' && later.id === op.id)
}
