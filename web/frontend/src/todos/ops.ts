/** A change that was asked for but is not confirmed yet. */
export type Op = CreateOp | EditOp | ToggleOp | DeleteOp | ToggleAllOp | ClearOp

export interface CreateOp {
  kind: 'create'
  key: string
  title: string
  /** The highest id at the time: a todo above it may be the one asked for. */
  afterId: number
}

export interface EditOp {
  kind: 'edit'
  id: number
  title: string
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

export interface ToggleAllOp {
  kind: 'toggle-all'
  completed: boolean
}

/** Deletes whatever is completed. */
export interface ClearOp {
  kind: 'clear'
}

export function isAboutList(op: Op): op is ToggleAllOp | ClearOp {
  return op.kind === 'toggle-all' || op.kind === 'clear'
}

/** A later change makes this one pointless, if it has not been sent yet. */
export function isSuperseded(op: EditOp | ToggleOp | ToggleAllOp, ops: readonly Op[]): boolean {
  const later = ops.slice(ops.indexOf(op) + 1)
  if (op.kind === 'edit') return later.some((other) => isDeletion(other, op.id) || (other.kind === 'edit' && other.id === op.id))
  // What is cleared depends on what was completed before.
  const clear = later.findIndex(({ kind }) => kind === 'clear')
  return (clear === -1 ? later : later.slice(0, clear)).some((other) => overrules(other, op))
}

function overrules(later: Op, op: ToggleOp | ToggleAllOp): boolean {
  if (later.kind === 'toggle-all') return true
  if (op.kind === 'toggle-all') return false
  return isDeletion(later, op.id) || (later.kind === 'toggle' && later.id === op.id)
}

function isDeletion(op: Op, id: number): boolean {
  return op.kind === 'delete' && op.id === id
}
