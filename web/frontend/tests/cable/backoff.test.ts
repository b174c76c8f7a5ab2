import { describe, expect, it } from 'vitest'
import { backoff } from '../../src/cable/backoff'

describe('backoff', () => {
  it('starts at a fifth of a second and doubles up to ten seconds', () => {
    const shortest = Array.from({ length: 8 }, (_, attempt) => backoff(attempt, () => 0))
    const longest = Array.from({ length: 8 }, (_, attempt) => backoff(attempt, () => 1))
    expect(shortest).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 6_667, 6_667])
    expect(longest).toEqual([300, 600, 1_200, 2_400, 4_800, 9_600, 10_000, 10_000])
  })

  it('stays at ten seconds however long the server is away', () => {
    expect(backoff(5_000, () => 1)).toBe(10_000)
  })

  it('spreads the clients of one server', () => {
    const waits = new Set(Array.from({ length: 50 }, () => backoff(10)))
    expect(waits.size).toBeGreaterThan(20)
  })
})
