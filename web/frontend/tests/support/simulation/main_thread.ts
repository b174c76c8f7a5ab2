import { vi } from 'vitest'
import type { Timeline } from './timeline'

interface Timer {
  due: number
  /** How many timers led to this one: browsers throttle long chains harder. */
  nesting: number
  every: number | null
  task: () => void
  planned: number
}

type State = 'running' | 'hung' | 'frozen' | 'dead'

/** Chains of at least five timers in tabs that have been hidden for long run once a minute. */
const LONG_CHAIN = 5

/** Where the code of one tab runs: with its own idea of time, and not always at once. */
export class MainThread {
  private static current: MainThread | null = null
  state: State = 'running'
  hidden = false
  private backlog: (() => void)[] = []
  private readonly timers = new Map<number, Timer>()
  private nextId = 1
  private nesting = 0

  constructor(
    readonly timeline: Timeline,
    /** How fast its clock runs. */
    readonly rate: number,
    /** How long hidden tabs let long chains of timers wait. */
    private readonly intensive: number,
  ) {}

  /** Whatever runs on a main thread sees that thread's clock and timers; the test itself sees the real ones. */
  static installGlobals(): void {
    const { setTimeout, clearTimeout, Date } = globalThis
    const now = Date.now.bind(Date)
    const here = () => MainThread.current
    const clear = (id: number) => (here() ? here()!.timers.delete(id) : clearTimeout(id))
    vi.spyOn(Date, 'now').mockImplementation(() => here()?.clock() ?? now())
    vi.stubGlobal('setTimeout', (task: () => void, ms = 0) => here()?.start(task, ms, null) ?? setTimeout(task, ms))
    vi.stubGlobal('setInterval', (task: () => void, ms = 0) => here()!.start(task, ms, ms))
    vi.stubGlobal('clearTimeout', clear)
    vi.stubGlobal('clearInterval', clear)
  }

  clock(): number {
    return 1e12 + Math.floor(this.timeline.now * this.rate)
  }

  run(task: () => void): void {
    const before = MainThread.current
    MainThread.current = this
    try {
      task()
    } finally {
      MainThread.current = before
    }
  }

  /** An event from outside. Frozen pages still hear messages, hung ones later. */
  post(task: () => void): void {
    if (this.state === 'hung') this.backlog.push(task)
    else if (this.state !== 'dead') this.run(task)
  }

  /** From here on it runs again: first what was posted meanwhile, then the timers that are due. */
  resume(): void {
    this.state = 'running'
    const backlog = this.backlog
    this.backlog = []
    backlog.forEach((task) => this.post(task))
    this.rearm()
  }

  setHidden(hidden: boolean): void {
    this.hidden = hidden
    this.rearm()
  }

  private start(task: () => void, ms: number, every: number | null): number {
    const timer = { due: this.timeline.now + Math.max(ms, 1) / this.rate, nesting: this.nesting + 1, every, task, planned: 0 }
    const id = this.nextId++
    this.timers.set(id, timer)
    this.plan(id, timer)
    return id
  }

  private plan(id: number, timer: Timer): void {
    const step = !this.hidden ? 0 : timer.nesting >= LONG_CHAIN ? this.intensive : 1_000
    timer.planned = step === 0 ? timer.due : Math.ceil(timer.due / step) * step
    const planned = Math.max(timer.planned, this.timeline.now)
    timer.planned = planned
    this.timeline.at(planned, () => {
      if (this.timers.get(id) === timer && timer.planned === planned) this.fire(id, timer)
    })
  }

  private fire(id: number, timer: Timer): void {
    if (this.state !== 'running') return
    if (timer.every === null) this.timers.delete(id)
    else {
      timer.due = this.timeline.now + timer.every / this.rate
      timer.nesting++
      this.plan(id, timer)
    }
    this.nesting = timer.nesting
    this.run(timer.task)
    this.nesting = 0
  }

  private rearm(): void {
    this.timers.forEach((timer, id) => this.plan(id, timer))
  }
}
