const FIRST_MS = 300
const LONGEST_MS = 10_000

/**
 * How long to wait before the next attempt, counted from 0: about a quarter of a
 * second at first, doubling, at most ten seconds. A third of it is random, so that the
 * browsers which lost one server do not all come back in the same moment.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(FIRST_MS * 2 ** attempt, LONGEST_MS)
  return Math.round(ceiling * (2 / 3 + random() / 3))
}
