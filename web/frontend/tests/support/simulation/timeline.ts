interface Event {
  at: number
  order: number
  task: () => void
}

/** Simulated time in milliseconds: what is to happen, in its order. */
export class Timeline {
  now = 0
  private order = 0
  private readonly heap: Event[] = []

  at(time: number, task: () => void): void {
    const event = { at: Math.max(time, this.now), order: this.order++, task }
    let index = this.heap.push(event) - 1
    for (let parent = (index - 1) >> 1; index > 0 && isBefore(event, this.heap[parent]!); parent = (index - 1) >> 1) {
      this.heap[index] = this.heap[parent]!
      index = parent
    }
    this.heap[index] = event
  }

  /** Looks after each event, when the promises that it settled have had their turn. */
  async runUntil(end: number, look: () => void): Promise<void> {
    while (this.heap.length > 0 && this.heap[0]!.at <= end) {
      const event = this.take()
      this.now = event.at
      event.task()
      for (let i = 0; i < 4; i++) await Promise.resolve()
      look()
    }
    this.now = end
  }

  private take(): Event {
    const first = this.heap[0]!
    const last = this.heap.pop()!
    if (this.heap.length > 0) this.sink(last)
    return first
  }

  private sink(event: Event): void {
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child + 1 < this.heap.length && isBefore(this.heap[child + 1]!, this.heap[child]!)) child++
      if (child >= this.heap.length || isBefore(event, this.heap[child]!)) break
      this.heap[index] = this.heap[child]!
      index = child
    }
    this.heap[index] = event
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at === b.at ? a.order < b.order : a.at < b.at
}

/** Small and repeatable: a failing seed can be run again. */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}
