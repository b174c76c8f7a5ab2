import type { Locks } from '../../src/tabs/lock'

interface Request {
  owner: string
  grant(): void
  rob(): void
}

/** One exclusive Web Lock with a queue, theft, abortion and crashing holders. */
export class FakeLocks {
  thefts = 0
  private holder: Request | null = null
  private queue: Request[] = []
  /** Their timers still run in here, which no crashed tab's would. */
  private readonly dead = new Set<string>()

  get heldBy(): string | null {
    return this.holder?.owner ?? null
  }

  for(owner: string): Locks {
    const request = (_name: string, options: LockOptions, callback: () => unknown) =>
      new Promise((resolve, reject) => this.enter(owner, options, callback, resolve, reject))
    return { request: request as Locks['request'] }
  }

  /** The browser frees what a dead tab held, and forgets what it wanted. */
  crash(owner: string): void {
    this.dead.add(owner)
    this.queue = this.queue.filter((request) => request.owner !== owner)
    if (this.heldBy === owner) this.free(this.holder)
  }

  private enter(
    owner: string,
    { steal, signal }: LockOptions,
    callback: () => unknown,
    resolve: (value: unknown) => void,
    reject: (reason: unknown) => void,
  ): void {
    if (this.dead.has(owner)) return
    const aborted = () => new DOMException('aborted', 'AbortError')
    const request: Request = {
      owner,
      grant: () => {
        this.holder = request
        queueMicrotask(() => {
          if (this.holder !== request) return
          void Promise.resolve(callback()).then((value) => {
            this.free(request)
            resolve(value)
          })
        })
      },
      rob: () => reject(aborted()),
    }
    signal?.addEventListener('abort', () => {
      if (!this.queue.includes(request)) return
      this.queue = this.queue.filter((other) => other !== request)
      reject(aborted())
    })
    if (steal) this.steal(request)
    else this.queue.push(request)
    this.next()
  }

  private steal(request: Request): void {
    this.thefts++
    this.holder?.rob()
    request.grant()
  }

  private free(request: Request | null): void {
    if (this.holder !== request) return
    this.holder = null
    this.next()
  }

  private next(): void {
    if (!this.holder) this.queue.shift()?.grant()
  }
}
