import { shortId } from '../lib/id'
import { explain, type Failure } from './failures'
import { Lanes } from './lanes'
import { isSuperseded, type CreateOp, type DeleteOp, type Op, type ToggleOp } from './overlay'
import type { TodoStore } from './store'
import type { Outcome, send } from './visit'

/** What is being attempted, so that a new try can take back the notice of the last one. */
export type Scope = 'create' | `todo-${number}`

export interface ActionDeps {
  store: TodoStore
  send: typeof send
  started: (scope: Scope) => void
  failed: (scope: Scope, text: string, failure: Failure) => void
}

/** Changes are shown at once and sent; when the answer is there, its op is dropped. */
export class TodoActions {
  private readonly lanes = new Lanes()

  constructor(private readonly deps: ActionDeps) {}

  /** False if the title was not saved, and should be given back. */
  create(title: string): Promise<boolean> {
    const op: CreateOp = {
      kind: 'create',
      key: `new-${shortId()}`,
      title: title.trim(),
      afterId: this.deps.store.highestId(),
    }
    // A blank title is for the server to judge; showing an empty row helps nobody.
    const shown = op.title === '' ? null : op
    // One lane for all creates: the list keeps the order in which it was typed.
    return this.perform('create', shown, `add “${op.title}”`, () => this.deps.send('post', '/todos', { title }))
  }

  toggle(id: number, title: string, completed: boolean): Promise<boolean> {
    const op: ToggleOp = { kind: 'toggle', id, completed }
    return this.perform(`todo-${id}`, op, `update “${title}”`, async () => {
      if (isSuperseded(op, this.deps.store.ops)) return { kind: 'ok' }
      return this.deps.send('patch', `/todos/${id}`, { completed })
    })
  }

  remove(id: number, title: string): Promise<boolean> {
    const op: DeleteOp = { kind: 'delete', id }
    return this.perform(`todo-${id}`, op, `delete “${title}”`, () => this.deps.send('delete', `/todos/${id}`))
  }

  private async perform(scope: Scope, op: Op | null, attempt: string, task: () => Promise<Outcome>): Promise<boolean> {
    const { store, started, failed } = this.deps
    started(scope)
    if (op) store.add(op)
    const outcome = await this.lanes.run(scope, task)
    if (op) store.drop(op)
    if (outcome.kind === 'ok') return true
    failed(scope, explain(outcome, attempt), outcome)
    return false
  }
}
