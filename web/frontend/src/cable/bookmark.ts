import { supersedes, type Position } from './position'
import type { History } from './protocol'

/** The last position of the stream that this tab knows of, whichever tab of the browser heard it. */
export class Bookmark {
  position: Position | null = null
  private movedAt = 0

  move(heard: Position): void {
    if (!supersedes(heard, this.position)) return
    this.position = heard
    this.movedAt = Date.now()
  }

  /** The server no longer knows the place. */
  remove(): void {
    this.position = null
  }

  /** What to ask for on subscribing. Without a position nothing: the channel begins with the whole list. */
  history(): History | null {
    if (!this.position) return null
    const { stream, epoch, offset } = this.position
    return { since: Math.floor(this.movedAt / 1000), streams: { [stream]: { epoch, offset } } }
  }
}
