import { supersedes, type Position } from '../cable/position'
import type { Connection, LogWriter, Snapshot } from '../types'
import type { Bus, OpenBus } from './bus'
import type { LeaderLock, MakeLock } from './lock'
import { dataMessage, tabData, tabPosition } from './messages'
import type { DiscoverMessage, PingMessage, TabData, TabMessage } from './messages'
import { TIMING } from './timing'

export interface ElectionOptions {
  id: string
  channel: string
  openBus: OpenBus
  /** Null where the browser has no Web Locks: then messages alone decide. */
  makeLock: MakeLock | null
  visible(): boolean
  log: LogWriter
}

/** What the elected tab does with its office, and what all tabs hear. */
export interface Office {
  roleChanged(leading: boolean): void
  /** Called once nobody has objected: open the socket. */
  takeUp(): void
  /** Close the socket, whatever state it is in. */
  layDown(): void
  /** The socket delivers nothing, although it seems to be in order. */
  isDeaf(): boolean
  link(): Connection
  snapshot(): Snapshot | null
  /** How far this tab knows the stream, which the next leader resumes. */
  position(): Position | null
  received(data: TabData, position: Position | null): void
  leaderLink(link: Connection): void
}

type Role = 'stopped' | 'follower' | 'candidate' | 'leader'

/** Decides which tab of this browser holds the socket. One per page, outside React. */
export class Election {
  private role: Role = 'stopped'
  private bus: Bus | null = null
  private lock: LeaderLock | null = null
  /** Waiting for a ping (follower), for answers (candidate), for objections (leader). */
  private timer: ReturnType<typeof setTimeout> | undefined
  private heartbeat: ReturnType<typeof setInterval> | undefined
  private deadline = 0
  /** When a leader that has not yet opened its socket is asleep. */
  private opensBy = Infinity
  private hasStoodBack = false
  private hasRepeated = false
  private lastPing = 0
  /** A leader that does not lead by lock, and must be outlived or outranked. */
  private lockless: string | null = null

  constructor(
    private readonly options: ElectionOptions,
    private readonly office: Office,
  ) {}

  get leading(): boolean {
    return this.role === 'leader'
  }

  start(): void {
    if (this.role !== 'stopped') return
    const { openBus, makeLock, channel, log } = this.options
    log('broadcast', `Joining channel "${channel}"`)
    this.bus = openBus((message) => this.hear(message))
    this.lock = makeLock?.(this.lockEvents) ?? null
    if (this.lock) {
      this.follow()
      this.discover()
      this.lock.queue()
    } else {
      this.stand(TIMING.answer)
    }
  }

  stop(): void {
    if (this.role === 'stopped') return
    if (this.leading) this.bus?.post({ type: 'resign', payload: null, from: this.options.id })
    this.stepDown()
    this.role = 'stopped'
    clearTimeout(this.timer)
    this.lock?.release()
    this.bus?.close()
    this.lock = this.bus = this.lockless = null
  }

  /** Tells the other tabs at once what this tab has learnt from the server. */
  publish(snapshot: Snapshot): void {
    this.bus?.post(dataMessage(this.options.id, snapshot, this.office.position()))
  }

  /** The tab has become visible: catch up with what throttled timers have missed. */
  wake(): void {
    if (this.leading) this.beat()
    else if (this.role === 'follower' && this.silentFor() >= TIMING.silence) this.probe()
  }

  /** The socket's state has changed: followers show it too. */
  announce(): void {
    if (!this.leading) return
    const byLock = this.lock?.held ? { lock: true } : {}
    const link = this.office.link()
    this.bus?.post({ type: 'ping', payload: null, from: this.options.id, link, ...byLock })
  }

  private hear(message: TabMessage): void {
    if (this.role === 'stopped' || message.from === this.options.id) return
    switch (message.type) {
      case 'ping':
        return this.leading ? this.hearRival(message) : this.hearLeader(message)
      case 'discover':
        return this.leading ? this.answer(message) : this.hearCandidate(message)
      case 'resign':
        return this.hearResignation()
      case 'data':
        return this.office.received(tabData(message), tabPosition(message))
    }
  }

  private hearLeader(ping: PingMessage): void {
    this.lastPing = Date.now()
    this.lockless = ping.lock ? null : ping.from
    this.follow()
    this.office.leaderLink(ping.link ?? 'live')
  }

  private hearRival(ping: PingMessage): void {
    // Of two locks one is a memory: the last word of a tab that has just lost it.
    if (this.lock?.held && ping.lock) return
    if (ping.from > this.options.id) return this.announce()
    this.lockless = ping.from
    this.demote(`tab ${ping.from} leads`)
  }

  private hearCandidate(candidate: DiscoverMessage): void {
    this.prompt(candidate)
    const { from, hidden = false } = candidate
    if (this.role !== 'candidate') return
    const sameSide = hidden !== this.options.visible()
    const goesFirst = sameSide ? from < this.options.id : !hidden
    if (!goesFirst) return this.repeatCandidacy()
    if (this.hasStoodBack) return
    this.hasStoodBack = true
    this.waitUntil(this.deadline + TIMING.standBack)
  }

  /** Somebody may be about to lead who has not heard what this tab has. Newcomers ask a leader. */
  private prompt(candidate: DiscoverMessage): void {
    const held = this.office.snapshot()
    if (held && candidate.probe && this.isAheadOf(candidate)) this.publish(held)
  }

  /** For a tab that was not listening yet. Once: with many tabs the answers would breed. */
  private repeatCandidacy(): void {
    if (this.hasRepeated) return
    this.hasRepeated = true
    this.discover()
  }

  private hearResignation(): void {
    if (this.leading) return
    this.lockless = null
    if (!this.lock) this.stand(TIMING.afterResign)
    else if (this.lock.held) this.lead()
    else this.follow(TIMING.succession)
  }

  private answer(question: DiscoverMessage): void {
    if (this.isUnfit()) return this.resign()
    this.announce()
    const held = this.office.snapshot()
    if (held && (!isUpToDate(question, held) || this.isAheadOf(question))) this.publish(held)
    if (!question.probe) this.options.log('broadcast', `Responded to discover from ${question.from}`)
  }

  private follow(patience: number = TIMING.silence): void {
    this.role = 'follower'
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.probe(), patience)
  }

  private probe(): void {
    this.stand(TIMING.answer, true)
  }

  /** Asks whether anybody leads, and unless told so in time, claims the lead. */
  private stand(wait: number, probe = false): void {
    this.role = 'candidate'
    this.hasStoodBack = this.hasRepeated = false
    this.discover(probe)
    this.waitUntil(Date.now() + wait + (this.options.visible() ? 0 : TIMING.hiddenDelay))
  }

  private waitUntil(deadline: number): void {
    this.deadline = deadline
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.due(), deadline - Date.now())
  }

  /** Another may have claimed the lead while this tab slept. Timers of hidden tabs are late as a rule, and then wait long again. */
  private due(): void {
    if (Date.now() - this.deadline <= TIMING.late || !this.options.visible()) return this.claim()
    this.timer = setTimeout(() => this.claim(), TIMING.catchUp)
  }

  private claim(): void {
    this.lockless = null
    if (!this.lock || this.lock.held) return this.lead()
    this.follow()
    // One theft per silence. A hidden tab waits: it may itself be the one asleep.
    if (this.options.visible()) this.lock.steal()
  }

  private lead(): void {
    this.role = 'leader'
    this.lockless = null
    clearTimeout(this.timer)
    this.options.log('leader', 'Became leader')
    this.office.roleChanged(true)
    this.announce()
    this.heartbeat = setInterval(() => this.beat(), TIMING.heartbeat)
    this.opensBy = Date.now() + TIMING.settle + TIMING.grace
    this.timer = setTimeout(() => this.takeUp(), TIMING.settle)
  }

  private takeUp(): void {
    this.opensBy = Infinity
    this.office.takeUp()
  }

  /** Asleep: it hears, but its timers do not run, or nothing comes from its socket. */
  private isUnfit(): boolean {
    return this.office.isDeaf() || Date.now() > this.opensBy
  }

  private beat(): void {
    if (this.isUnfit()) this.resign()
    else this.announce()
  }

  /** Gives the lead to a tab with better ears, or, being alone, to itself anew. */
  private resign(): void {
    this.bus?.post({ type: 'resign', payload: null, from: this.options.id })
    this.lock?.release()
    this.demote('the connection had gone silent')
  }

  private demote(reason: string): void {
    this.stepDown()
    this.options.log('follower', `Became follower (${reason})`)
    // With neither a lock to wait for nor a leader to hear, somebody has to ask soon.
    this.follow(this.lock || this.lockless ? TIMING.silence : TIMING.answer)
    this.lock?.queue()
  }

  private stepDown(): void {
    if (!this.leading) return
    this.role = 'follower'
    clearInterval(this.heartbeat)
    clearTimeout(this.timer)
    this.office.layDown()
    this.office.roleChanged(false)
  }

  private readonly lockEvents = {
    granted: () => {
      const outranked = this.lockless !== null && this.lockless < this.options.id
      if (!this.leading && !outranked) this.lead()
    },
    lost: () => {
      if (this.leading) this.demote('another tab took over')
      else this.lock?.queue()
    },
    unavailable: () => {
      this.lock = null
      if (!this.leading) this.stand(TIMING.answer)
    },
  }

  private isAheadOf({ position }: DiscoverMessage): boolean {
    const own = this.office.position()
    return own !== null && supersedes(own, position)
  }

  private discover(probe = false): void {
    const held = this.office.snapshot()
    const position = this.office.position()
    this.bus?.post({
      type: 'discover',
      payload: null,
      from: this.options.id,
      ...(probe ? { probe } : {}),
      ...(this.options.visible() ? {} : { hidden: true }),
      ...(held ? { rev: held.rev, epoch: held.epoch } : {}),
      ...(position ? { position } : {}),
    })
  }

  private silentFor(): number {
    return Date.now() - this.lastPing
  }
}

function isUpToDate(question: DiscoverMessage, held: Snapshot): boolean {
  return question.epoch === held.epoch && question.rev === held.rev
}
