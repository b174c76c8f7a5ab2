import { parseMessage, type TabMessage } from './messages'

/** A way to reach the other tabs. Opened and closed with the election. */
export interface Bus {
  post(message: TabMessage): void
  close(): void
}

export type OpenBus = (onMessage: (message: TabMessage) => void) => Bus

export function broadcastBus(name: string): OpenBus {
  return (onMessage) => {
    const channel = new BroadcastChannel(name)
    channel.onmessage = (event: MessageEvent<unknown>) => {
      const message = parseMessage(event.data)
      if (message) onMessage(message)
    }
    return {
      post: (message) => channel.postMessage(message),
      close: () => channel.close(),
    }
  }
}
