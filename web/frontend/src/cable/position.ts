/** How far a stream has been heard. Offsets are only compared within one epoch of one stream. */
export interface Position {
  stream: string
  epoch: string
  offset: number
}

/** Whether a position that was just heard takes the place of the one that is held. */
export function supersedes(heard: Position, held: Position | null | undefined): boolean {
  if (held?.stream !== heard.stream || held.epoch !== heard.epoch) return true
  return heard.offset > held.offset
}

/** A position as the server or another tab sent it, if it is one. */
export function readPosition(data: unknown): Position | null {
  if (typeof data !== 'object' || data === null) return null
  const { stream, epoch, offset } = data as Record<string, unknown>
  if (typeof stream !== 'string' || typeof epoch !== 'string' || !Number.isSafeInteger(offset)) return null
  return { stream, epoch, offset: offset as number }
}
