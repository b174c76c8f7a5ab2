import { vi } from 'vitest'
import { Bookmark } from '../../src/cable/bookmark'
import { Election } from '../../src/tabs/election'
import { webLock } from '../../src/tabs/lock'
import type { TabData } from '../../src/tabs/messages'
import type { Connection, Snapshot } from '../../src/types'
import { FakeBus } from './fake_bus'
import { FakeLocks } from './fake_locks'

export const list = (rev: number, ...titles: string[]): Snapshot => ({
  rev,
  epoch: 'db-1',
  todos: titles.map((title, index) => ({
    id: titles.length - index,
    title,
    completed: false,
    created_at: '2026-01-01T00:00:00Z',
  })),
})

/** Several tabs of one browser, in one process and on a fake clock. */
export class World {
  readonly tabs: Tab[] = []
  readonly locks: FakeLocks | null

  constructor(
    readonly bus = new FakeBus(),
    { locks = false } = {},
  ) {
    this.locks = locks ? new FakeLocks() : null
  }

  open(...ids: string[]): Tab[] {
    const tabs = ids.map((id) => new Tab(id, this))
    this.tabs.push(...tabs)
    tabs.forEach((tab) => tab.election.start())
    return tabs
  }

  get leaders(): string[] {
    return this.tabs.filter((tab) => tab.alive && tab.election.leading).map(({ id }) => id)
  }

  get sockets(): number {
    return this.tabs.filter((tab) => tab.alive && tab.socketOpen).length
  }
}

export class Tab {
  alive = true
  hidden = false
  deaf = false
  socketOpen = false
  held: Snapshot | null = null
  link: Connection = 'live'
  readonly bookmark = new Bookmark()
  readonly log: string[] = []
  readonly received: TabData[] = []
  readonly links: Connection[] = []
  readonly election: Election

  constructor(
    readonly id: string,
    private readonly world: World,
  ) {
    this.election = new Election(
      {
        id,
        channel: 'todos-sync',
        openBus: world.bus.open(() => this.alive),
        makeLock: world.locks && webLock(world.locks.for(id), 'todos-sync:leader'),
        visible: () => !this.hidden,
        log: (category, message) => this.log.push(`[${category}] ${message}`),
      },
      {
        roleChanged: () => {},
        takeUp: () => (this.socketOpen = true),
        layDown: () => (this.socketOpen = false),
        isDeaf: () => this.deaf,
        link: () => this.link,
        snapshot: () => this.held,
        position: () => this.bookmark.position,
        received: (data, position) => {
          this.received.push(data)
          if (position) this.bookmark.move(position)
        },
        leaderLink: (link) => this.links.push(link),
      },
    )
  }

  /** The process dies: no goodbye, no more messages, and its locks are freed. */
  crash(): void {
    this.hang()
    this.world.locks?.crash(this.id)
  }

  /** The main thread is stuck: nothing in, nothing out, but the lock stays taken. */
  hang(): void {
    this.alive = false
  }

  times(entry: string): number {
    return this.log.filter((line) => line.includes(entry)).length
  }
}

export const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms)
