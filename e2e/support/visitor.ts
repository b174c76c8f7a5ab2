import { expect, type BrowserContext } from '@playwright/test'
import { Tab } from './tab.ts'

/** A browser of its own: cookies, storage and tabs that share one socket. */
export class Visitor {
  readonly tabs: Tab[] = []
  readonly errors: string[] = []

  constructor(
    readonly context: BrowserContext,
    private readonly url: string,
  ) {
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.errors.push(message.text())
    })
    context.on('weberror', (error) => this.errors.push(String(error.error())))
  }

  async openTab(): Promise<Tab> {
    const tab = new Tab(await this.context.newPage())
    this.tabs.push(tab)
    return tab.open(this.url)
  }

  async openTabs(count: number): Promise<Tab[]> {
    const tabs = []
    for (let i = 0; i < count; i++) tabs.push(await this.openTab())
    return tabs
  }

  /** The one tab that leads, once there is exactly one. */
  async leader(): Promise<Tab> {
    let leaders: Tab[] = []
    const count = async () => {
      const leading = await Promise.all(this.tabs.map((tab) => tab.leads()))
      leaders = this.tabs.filter((_, index) => leading[index])
      return leaders.length
    }
    await expect.poll(count, { message: 'number of leaders' }).toBe(1)
    return leaders[0]!
  }

  async followers(): Promise<Tab[]> {
    const leader = await this.leader()
    return this.tabs.filter((tab) => tab !== leader)
  }

  /** Closes a tab, or forgets one that has crashed. */
  async close(tab: Tab): Promise<void> {
    this.tabs.splice(this.tabs.indexOf(tab), 1)
    await tab.page.close()
  }

  openSockets(): number {
    return this.tabs.reduce((sum, tab) => sum + tab.openSockets(), 0)
  }
}
