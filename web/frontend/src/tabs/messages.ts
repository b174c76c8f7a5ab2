import { readPosition, type Position } from '../cable/position'
import type { Connection, Snapshot, Todo } from '../types'

/**
 * What tabs say to each other. `type`, `payload` and `from` are the whole of the
 * basic protocol; the other fields are additions that a tab may lack or ignore.
 */
export type TabMessage = DiscoverMessage | PingMessage | DataMessage | ResignMessage

interface Envelope {
  from: string
}

/** "Is there a leader?" Asked by newcomers, and as a probe after a silence. */
export interface DiscoverMessage extends Envelope {
  type: 'discover'
  payload: null
  /** Set when a follower asks after a silence rather than on arrival. */
  probe?: boolean
  /** Hidden tabs, whose timers are throttled, let visible ones go first. */
  hidden?: boolean
  /** What the asking tab holds, so that the leader need not send it again. */
  rev?: number
  epoch?: string
  position?: Position
}

/** "I lead." */
export interface PingMessage extends Envelope {
  type: 'ping'
  payload: null
  /** The sender leads by right of the Web Lock, of which there is only one. */
  lock?: boolean
  /** State of the sender's socket, shown by the followers as theirs. */
  link?: Connection
}

/** A list, from the leader's socket or from the tab that has just changed it. */
export interface DataMessage extends Envelope {
  type: 'data'
  payload: Todo[]
  rev?: number
  epoch?: string
  /** How far the sender knows the stream to be contained in the list: whoever leads next goes on there. */
  position?: Position
}

/** "I lead no longer." */
export interface ResignMessage extends Envelope {
  type: 'resign'
  payload: null
}

/** A list that may come from a tab which knows nothing of revisions. */
export type TabData = Pick<Snapshot, 'todos'> & Partial<Snapshot>

/** Other scripts may use the channel's name: anything unexpected is dropped. */
export function parseMessage(data: unknown): TabMessage | null {
  if (typeof data !== 'object' || data === null) return null
  const { type, from, payload } = data as Record<string, unknown>
  if (typeof from !== 'string') return null
  if (type === 'discover' || type === 'ping' || type === 'resign') return data as TabMessage
  if (type === 'data' && Array.isArray(payload)) return data as DataMessage
  return null
}

export function dataMessage(from: string, { todos, rev, epoch }: Snapshot, position: Position | null): DataMessage {
  return { type: 'data', payload: todos, from, rev, epoch, ...(position ? { position } : {}) }
}

export function tabData({ payload, rev, epoch }: DataMessage): TabData {
  return {
    todos: payload,
    ...(typeof rev === 'number' ? { rev } : {}),
    ...(typeof epoch === 'string' ? { epoch } : {}),
  }
}

export function tabPosition({ position }: DataMessage): Position | null {
  return readPosition(position)
}
