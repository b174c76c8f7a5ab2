import type { TabData } from '../tabs/messages'
import type { Snapshot } from '../types'

/** The server speaks for the database, by page or by cable; a tab may lag behind it. */
export type Source = 'server' | 'tab'

/** `ask`: what was offered cannot be compared, so the server has to be asked. */
export type Verdict = 'take' | 'keep' | 'ask'

/** Whether an offered list replaces the held one. The newest wins, by whichever way it came. */
export function judge(held: Snapshot | null, offered: TabData, source: Source): Verdict {
  if (!held) return 'take'
  // From a tab that knows no revisions. It relays only what is new.
  if (offered.rev === undefined) return 'take'
  // Another database, usually a restored backup: only the server can tell which is current.
  if (offered.epoch !== held.epoch) return source === 'server' ? 'take' : 'ask'
  return offered.rev > held.rev ? 'take' : 'keep'
}

/** The offered list as a snapshot; one without a revision takes the place of the held one. */
export function toSnapshot(offered: TabData, held: Snapshot | null): Snapshot {
  return {
    todos: offered.todos,
    rev: offered.rev ?? held?.rev ?? 0,
    epoch: offered.epoch ?? held?.epoch ?? '',
  }
}

/** A cable message or page props, if they carry a list. */
export function readTodos(data: unknown): TabData | null {
  if (typeof data !== 'object' || data === null) return null
  const { todos, rev, epoch } = data as Record<string, unknown>
  if (!Array.isArray(todos)) return null
  return {
    todos: todos as Snapshot['todos'],
    ...(typeof rev === 'number' ? { rev } : {}),
    ...(typeof epoch === 'string' ? { epoch } : {}),
  }
}
