import { readPosition, type Position } from './position'

/** Action Cable's protocol as every server speaks it. */
export const PLAIN = 'actioncable-v1-json'
/** The same with positions and history, after AnyCable. */
export const EXTENDED = 'actioncable-v1-ext-json'

/** What is offered, best first. A server that knows neither names the last. */
export const SUBPROTOCOLS = [EXTENDED, PLAIN, 'actioncable-unsupported']

/** From where on a subscription wants to hear again what it has missed. */
export interface History {
  /** Seconds since 1970, for streams of which no position is known. */
  since: number
  streams: Record<string, { epoch: string; offset: number }>
}

/** What the server says. */
export type Frame =
  | { type: 'welcome' | 'ping' }
  | { type: 'disconnect'; reason: string; reconnect: boolean }
  | { type: 'confirm_subscription' | 'reject_subscription' | 'confirm_history' | 'reject_history'; identifier: string }
  | { type: 'message'; identifier: string; message: unknown; position: Position | null }

/** Null for anything that no version of the protocol knows. */
export function parseFrame(data: unknown): Frame | null {
  const { type, identifier, ...rest } = parseObject(data)
  switch (type) {
    case 'welcome':
    case 'ping':
      return { type }
    case 'disconnect':
      return { type, reason: typeof rest.reason === 'string' ? rest.reason : '', reconnect: rest.reconnect !== false }
    case 'confirm_subscription':
    case 'reject_subscription':
    case 'confirm_history':
    case 'reject_history':
      return typeof identifier === 'string' ? { type, identifier } : null
    // Messages are the one kind that has no type.
    case undefined:
      return typeof identifier === 'string' && 'message' in rest ? messageFrame(identifier, rest) : null
    default:
      return null
  }
}

function messageFrame(identifier: string, { message, stream_id: stream, epoch, offset }: Record<string, unknown>): Frame {
  return { type: 'message', identifier, message, position: readPosition({ stream, epoch, offset }) }
}

function parseObject(data: unknown): Record<string, unknown> {
  try {
    const parsed: unknown = typeof data === 'string' ? JSON.parse(data) : null
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
  } catch {
    return {}
  }
}
