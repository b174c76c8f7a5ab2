import type { Tab } from './tab.ts'

interface Frame {
  command?: string
  type?: string
  history?: unknown
}

/** What the sockets that a tab has opened since `watchFrames` have said and heard. */
export class Frames {
  readonly sent: Frame[] = []
  readonly received: Frame[] = []

  commands(command: string): number {
    return this.sent.filter((frame) => frame.command === command).length
  }

  answers(type: string): number {
    return this.received.filter((frame) => frame.type === type).length
  }
}

export function watchFrames(tab: Tab): Frames {
  const frames = new Frames()
  tab.page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => frames.sent.push(JSON.parse(String(payload)) as Frame))
    socket.on('framereceived', ({ payload }) => frames.received.push(JSON.parse(String(payload)) as Frame))
  })
  return frames
}
