/**
 * Tasks of one lane run one after the other, those of different lanes at the same
 * time. The requests of one todo must not overtake each other, or the last wish
 * would not be the one that counts.
 */
export class Lanes {
  private readonly tails = new Map<string, Promise<void>>()
  private barrier: Promise<void> | null = null

  run<T>(lane: string, task: () => Promise<T>): Promise<T> {
    const before = this.tails.get(lane) ?? this.barrier
    const { result, tail } = follow(before, task)
    this.tails.set(lane, tail)
    void tail.then(() => {
      if (this.tails.get(lane) === tail) this.tails.delete(lane)
    })
    return result
  }

  /** After everything that was asked for before, and before everything that is asked for later. */
  runAlone<T>(task: () => Promise<T>): Promise<T> {
    const before = [...this.tails.values(), ...(this.barrier ? [this.barrier] : [])]
    const { result, tail } = follow(before.length > 0 ? Promise.all(before) : null, task)
    this.tails.clear()
    this.barrier = tail
    void tail.then(() => {
      if (this.barrier === tail) this.barrier = null
    })
    return result
  }
}

/** With nothing to wait for it starts at once, in the same tick as the click. */
function follow<T>(before: Promise<unknown> | null, task: () => Promise<T>): { result: Promise<T>; tail: Promise<void> } {
  const result = before ? before.then(task) : task()
  return { result, tail: result.then(noop, noop) }
}

const noop = () => {}
