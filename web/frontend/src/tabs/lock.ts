/**
 * The Web Lock that decides who leads. The browser hands it to the next tab in
 * the queue the moment its holder closes, crashes or navigates away, which no
 * exchange of messages can do as fast.
 */
export interface LeaderLock {
  /** Waits in the queue for the lock. Asking twice is asking once. */
  queue(): void
  /** Takes the lock from a holder that no longer answers. */
  steal(): void
  /** Gives the lock back, or leaves the queue. */
  release(): void
  readonly held: boolean
}

export interface LockEvents {
  granted(): void
  /** Another tab has taken it. */
  lost(): void
  /** The browser refuses locks here, for example because storage is blocked. */
  unavailable(): void
}

export type MakeLock = (events: LockEvents) => LeaderLock

/** The part of `navigator.locks` that is used here. */
export type Locks = Pick<LockManager, 'request'>

export function webLock(locks: Locks, name: string): MakeLock {
  return (events) => new WebLock(locks, name, events)
}

/** Null in old browsers and on plain http pages of other hosts. */
export function browserLock(name: string): MakeLock | null {
  return 'locks' in navigator ? webLock(navigator.locks, name) : null
}

/** One request: waiting, then holding, then over. */
interface Claim {
  held: boolean
  over: boolean
  end(): void
}

class WebLock implements LeaderLock {
  private claim: Claim | null = null

  constructor(
    private readonly locks: Locks,
    private readonly name: string,
    private readonly events: LockEvents,
  ) {}

  get held(): boolean {
    return this.claim?.held ?? false
  }

  queue(): void {
    if (!this.claim) this.request({})
  }

  steal(): void {
    if (this.held) return
    this.release()
    this.request({ steal: true })
  }

  release(): void {
    this.claim?.end()
    this.claim = null
  }

  private request(options: { steal?: boolean }): void {
    const abort = new AbortController()
    let letGo = () => {}
    const claim: Claim = {
      held: false,
      over: false,
      end() {
        claim.over = true
        claim.held = false
        letGo()
        abort.abort()
      },
    }
    this.claim = claim

    const hold = () => {
      // Granted in the same moment as it was given up: pass it on.
      if (claim.over) return undefined
      claim.held = true
      this.events.granted()
      return claim.over ? undefined : new Promise<void>((resolve) => (letGo = resolve))
    }
    // The specification forbids a signal together with steal.
    const how = options.steal ? { steal: true } : { signal: abort.signal }
    this.locks.request(this.name, how, hold).catch((reason: unknown) => this.refused(claim, reason))
  }

  /** The promise rejects when the claim is aborted, which is ours, or robbed. */
  private refused(claim: Claim, reason: unknown): void {
    if (claim.over) return
    // It may have been robbed before it heard that it had anything.
    const robbed = claim.held || (reason instanceof DOMException && reason.name === 'AbortError')
    claim.over = true
    claim.held = false
    if (this.claim === claim) this.claim = null
    if (robbed) this.events.lost()
    else this.events.unavailable()
  }
}
