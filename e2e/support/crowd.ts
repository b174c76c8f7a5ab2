import type { Client } from './client.ts'

/** So many requests at a time. */
const AT_ONCE = 25

/** Fills the list with `Todo 1`, `Todo 2` and so on, in any order. */
export async function crowd(client: Client, count: number): Promise<void> {
  let next = 1
  const fill = async () => {
    while (next <= count) await client.create(`Todo ${next++}`)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, fill))
}
