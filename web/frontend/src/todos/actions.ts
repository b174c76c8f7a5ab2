import { shortId, uuid } from '../lib/id'
import { explain, type Failure } from './failures'
import { Lanes } from './lanes'
import { isAboutList, isSuperseded, type CreateOp, type Op } from './ops'
import { withRetry } from './retry'
import type { TodoStore } from './store'
import type { Change, Outcome, Send } from './visit'

/** What is being attempted, so that a new try can take back the notice of the last one. */
export type Scope = 'create' | 'list' | `todo-${number}`

export interface ActionDeps {
  store: TodoStore
  send: Send
  started: (scope: Scope) => void
  failed: (scope: Scope, text: string, failure: Failure) => void
}

/** For how long the same text counts as the same wish, after an answer was lost. */
const SAME_WISH_MS = 60_000

interface Attempt {
  scope: Scope
  /** Null if there is nothing to show meanwhile. */
  op: Op | null
  /** Completes the sentence "Could not …". */
  what: string
  change: Change
}

interface Wish {
  op: CreateOp
  /** By which the server knows it. */
  key: string
}

/** Changes are shown at once and sent; when the answer is there, its op is dropped. */
export class TodoActions {
  private readonly lanes = new Lanes()
  private readonly send: Send
  /** Creates whose answer was lost, by title: perhaps they have been made. */
  private readonly unanswered = new Map<string, Wish & { at: number }>()

  constructor(private readonly deps: ActionDeps) {
    this.send = withRetry(deps.send)
  }

  /** False if the title was not saved, and should be given back. */
  async create(title: string): Promise<boolean> {
    const wish = this.takeWish(title.trim())
    const { op, key } = wish
    const outcome = await this.perform({
      // One lane for all creates: the list keeps the order in which it was typed.
      scope: 'create',
      // A blank title is for the server to judge; showing an empty row helps nobody.
      op: op.title === '' ? null : op,
      what: `add “${op.title}”`,
      // Trimmed, for a key is that of one request to the letter.
      change: { method: 'post', url: '/todos', todo: { title: op.title }, key },
    })
    if (isUnanswered(outcome)) this.unanswered.set(op.title, { ...wish, at: Date.now() })
    return outcome.kind === 'ok'
  }

  edit(id: number, from: string, title: string): Promise<boolean> {
    return this.change(id, { kind: 'edit', id, title }, `rename “${from}” to “${title}”`, { title })
  }

  toggle(id: number, title: string, completed: boolean): Promise<boolean> {
    return this.change(id, { kind: 'toggle', id, completed }, `update “${title}”`, { completed })
  }

  async remove(id: number, title: string): Promise<boolean> {
    // Whoever adds it once more after that wants another one.
    this.unanswered.delete(title)
    const change: Change = { method: 'delete', url: `/todos/${id}`, key: uuid() }
    return succeeded(this.perform({ scope: `todo-${id}`, op: { kind: 'delete', id }, what: `delete “${title}”`, change }))
  }

  toggleAll(completed: boolean): Promise<boolean> {
    const what = `mark all as ${completed ? 'complete' : 'active'}`
    const change: Change = { method: 'patch', url: '/todos', todo: { completed }, key: uuid() }
    return succeeded(this.perform({ scope: 'list', op: { kind: 'toggle-all', completed }, what, change }))
  }

  clearCompleted(): Promise<boolean> {
    const change: Change = { method: 'delete', url: '/todos/completed', key: uuid() }
    return succeeded(this.perform({ scope: 'list', op: { kind: 'clear' }, what: 'clear what is completed', change }))
  }

  private change(id: number, op: Op, what: string, todo: Record<string, string | boolean>): Promise<boolean> {
    const change: Change = { method: 'patch', url: `/todos/${id}`, todo, key: uuid() }
    return succeeded(this.perform({ scope: `todo-${id}`, op, what, change }))
  }

  private async perform({ scope, op, what, change }: Attempt): Promise<Outcome> {
    const { store, started, failed } = this.deps
    started(scope)
    if (op) store.add(op)
    const outcome = await this.inTurn(scope, op, () => this.sendUnlessPointless(op, change))
    if (op) store.drop(op)
    if (this.hasArrived(op, outcome)) return { kind: 'ok' }
    if (outcome.kind !== 'ok') failed(scope, explain(outcome, what), outcome)
    return outcome
  }

  private inTurn<T>(lane: string, op: Op | null, task: () => Promise<T>): Promise<T> {
    return op && isAboutList(op) ? this.lanes.runAlone(task) : this.lanes.run(lane, task)
  }

  private async sendUnlessPointless(op: Op | null, change: Change): Promise<Outcome> {
    const replaceable = op?.kind === 'edit' || op?.kind === 'toggle' || op?.kind === 'toggle-all'
    if (replaceable && isSuperseded(op, this.deps.store.ops)) return { kind: 'ok' }
    return this.send(change)
  }

  /** The same text again soon after a lost answer is the same wish, and its row the same row. Later it is another. */
  private takeWish(title: string): Wish {
    const lost = this.unanswered.get(title)
    this.unanswered.delete(title)
    if (lost && Date.now() - lost.at < SAME_WISH_MS) return lost
    return { op: this.newOp(title), key: uuid() }
  }

  private newOp(title: string): CreateOp {
    return { kind: 'create', key: `new-${shortId()}`, title, afterId: this.deps.store.highestId() }
  }

  /** No answer to a create, but the todo is there: the cable or another tab has brought it. */
  private hasArrived(op: Op | null, outcome: Outcome): boolean {
    return isUnanswered(outcome) && op?.kind === 'create' && this.deps.store.hasKey(op.key)
  }
}

function isUnanswered({ kind }: Outcome): boolean {
  return kind === 'unreachable' || kind === 'timeout' || kind === 'cancelled'
}

async function succeeded(outcome: Promise<Outcome>): Promise<boolean> {
  return (await outcome).kind === 'ok'
}
