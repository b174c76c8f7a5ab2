const PATIENCE_MS = 20_000

/** Asks again and again until the answer is neither null, undefined nor false. */
export async function waitFor<T>(what: string, ask: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const answer = await ask()
    if (answer !== null && answer !== undefined && answer !== false) return answer
    if (Date.now() > deadline) throw new Error(`Waited ${PATIENCE_MS / 1000} s in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
