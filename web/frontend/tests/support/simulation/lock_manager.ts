import type { Locks } from '../../../src/tabs/lock'
import type { MainThread } from './main_thread'

interface Request {
  thread: MainThread
  call: () => unknown
  reject: (reason: unknown) => void
}

/** One exclusive Web Lock of a browser, whose tabs hear of it a little later. */
export class LockManager {
  private holder: Request | null = null
  private queue: Request[] = []

  constructor(private readonly delay: () => number) {}

  for(thread: MainThread): Locks {
    const request = (_name: string, options: LockOptions, call: () => unknown) => ({
      // Rejections come as events of the tab, so that they can be late as all others.
      catch: (failed: (reason: unknown) => void) => {
        this.enter({ thread, call, reject: (reason) => this.tell(thread, () => failed(reason)) }, options)
      },
    })
    return { request: request as unknown as Locks['request'] }
  }

  /** What the browser does for a tab that is no more. */
  forget(thread: MainThread): void {
    this.queue = this.queue.filter((request) => request.thread !== thread)
    if (this.holder?.thread === thread) this.free(this.holder)
  }

  private enter(request: Request, { steal, signal }: LockOptions): void {
    signal?.addEventListener('abort', () => {
      if (!this.queue.includes(request)) return
      this.queue = this.queue.filter((other) => other !== request)
      request.reject(signal.reason)
    })
    if (!steal) this.queue.push(request)
    else {
      this.holder?.reject(new DOMException('stolen', 'AbortError'))
      this.grant(request)
    }
    this.next()
  }

  private grant(request: Request): void {
    this.holder = request
    this.tell(request.thread, () => {
      if (this.holder === request) void Promise.resolve(request.call()).then(() => this.free(request))
    })
  }

  private free(request: Request): void {
    if (this.holder !== request) return
    this.holder = null
    this.next()
  }

  private next(): void {
    const first = this.holder ? undefined : this.queue.shift()
    if (first) this.grant(first)
  }

  private tell(thread: MainThread, event: () => void): void {
    thread.timeline.at(thread.timeline.now + this.delay(), () => thread.post(event))
  }
}
