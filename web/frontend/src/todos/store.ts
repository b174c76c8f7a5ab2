import type { TabData } from '../tabs/messages'
import type { Snapshot } from '../types'
import type { Op } from './ops'
import { claims, overlay, type Row } from './overlay'
import { judge, toSnapshot, type Source, type Verdict } from './snapshot'

/** The newest snapshot and the pending changes: everything that the list is made of. */
export class TodoStore {
  held: Snapshot | null = null
  ops: readonly Op[] = []
  private readonly keys = new Map<number, string>()

  constructor(private readonly changed: (cause: 'op' | 'snapshot') => void) {}

  offer(offered: TabData, source: Source): Verdict {
    const verdict = judge(this.held, offered, source)
    if (verdict === 'take') {
      this.held = toSnapshot(offered, this.held)
      this.keepKeys()
      this.changed('snapshot')
    }
    return verdict
  }

  add(op: Op): void {
    this.ops = [...this.ops, op]
    this.changed('op')
  }

  /** The change is in the snapshot now, or has failed: either way the snapshot is right. */
  drop(op: Op): void {
    this.ops = this.ops.filter((other) => other !== op)
    this.changed('op')
  }

  get size(): number {
    return this.held?.todos.length ?? 0
  }

  rows(): Row[] {
    return overlay(this.held?.todos ?? [], this.ops, this.keys)
  }

  highestId(): number {
    return (this.held?.todos ?? []).reduce((highest, { id }) => Math.max(highest, id), 0)
  }

  /** Whether a row of this page is a todo of the server by now. */
  hasKey(key: string): boolean {
    return [...this.keys.values()].includes(key)
  }

  /** Rows stay the elements they were when their todos arrive, with focus and all. */
  private keepKeys(): void {
    for (const [id, key] of claims(this.held?.todos ?? [], this.ops, this.keys)) this.keys.set(id, key)
  }
}
