import type { Send } from './visit'

const PAUSE_MS = 300

/**
 * Sends what got no answer once more. The server may have made the change all the same,
 * and only the answer was lost; it knows the key, and does not make it again.
 */
export function withRetry(send: Send): Send {
  return async (change) => {
    const outcome = await send(change)
    if (outcome.kind !== 'unreachable') return outcome
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    return send(change)
  }
}
