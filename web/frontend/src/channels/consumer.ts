import { createConsumer } from '@rails/actioncable'
import type { Consumer } from '@rails/actioncable'

/**
 * What the stock client expects of its connection monitor. Its own waits for six
 * silent seconds before it reconnects; ours only listens, and `cable/link.ts` decides.
 */
export interface CableMonitor {
  reconnectAttempts: number
  start(): void
  stop(): void
  isRunning(): boolean
  recordMessage(): void
  recordConnect(): void
  recordDisconnect(): void
}

/** The stock client's connection, which its types do not show. */
interface CableConnection {
  monitor: CableMonitor
  webSocket?: WebSocket
  open(): boolean
}

export type CableConsumer = Consumer & { connection: CableConnection }

/** A consumer of the cable that `<meta name="action-cable-url">` names. */
export function openConsumer(monitor: CableMonitor): CableConsumer {
  const consumer = createConsumer() as CableConsumer
  consumer.connection.monitor = monitor
  return consumer
}
