import type { TabData } from '../tabs/messages'
import type { Snapshot } from '../types'
import { claims, overlay, type Op, type Row } from './overlay'
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
    if (op.kind === 'create') this.keepKeys()
    this.ops = this.ops.filter((other) => other !== op)
    this.changed('op')
  }

  rows(): Row[] {
    return overlay(this.held?.todos ?? [], this.ops, this.keys)
  }

  highestId(): number {
    return (this.held?.todos ?? []).reduce((highest, { id }) => Math.max(highest, id), 0)
  }

  /** Confirmed rows stay the elements they were, with focus and all. */
  private keepKeys(): void {
    for (const [id, key] of claims(this.held?.todos ?? [], this.ops)) this.keys.set(id, key)
  }
}
