/**
 * Tasks of one lane run one after the other, those of different lanes at the same
 * time. The requests of one todo must not overtake each other, or the last wish
 * would not be the one that counts.
 */
export class Lanes {
  private readonly tails = new Map<string, Promise<void>>()

  run<T>(lane: string, task: () => Promise<T>): Promise<T> {
    const before = this.tails.get(lane)
    // A free lane starts at once, in the same tick as the click.
    const result = before ? before.then(task) : task()
    const tail = result.then(noop, noop).then(() => {
      if (this.tails.get(lane) === tail) this.tails.delete(lane)
    })
    this.tails.set(lane, tail)
    return result
  }
}

const noop = () => {}
