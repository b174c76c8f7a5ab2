import { expect, type Locator, type Page, type WebSocket } from '@playwright/test'

/** One tab with the list, and what a person sees and does in it. */
export class Tab {
  readonly input: Locator
  readonly add: Locator
  readonly rows: Locator
  readonly titles: Locator
  readonly status: Locator
  readonly badge: Locator
  readonly alert: Locator
  readonly log: Locator
  private readonly sockets = new Set<WebSocket>()
  private gone = false

  constructor(readonly page: Page) {
    this.input = page.getByRole('textbox', { name: 'New todo' })
    this.add = page.getByRole('button', { name: 'Add', exact: true })
    this.rows = page.getByRole('list', { name: 'Todos' }).getByRole('listitem')
    this.titles = this.rows.locator('label')
    this.status = page.getByRole('status')
    this.badge = page.getByText(/^(Leader|Follower)$/)
    this.alert = page.getByRole('alert')
    this.log = page.getByRole('log', { name: 'Events' })
    page.on('websocket', (socket) => {
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
    })
    // The sockets of a document end with it, but nobody says so.
    page.on('request', (request) => {
      if (request.isNavigationRequest() && request.frame() === page.mainFrame()) this.sockets.clear()
    })
    page.on('close', () => (this.gone = true))
    page.on('crash', () => (this.gone = true))
  }

  async open(url: string): Promise<this> {
    await this.page.goto(`${url}/todos`)
    await this.isLive()
    return this
  }

  /** Adds a todo as a person with a mouse does, and waits until the server has it. */
  async create(title: string): Promise<void> {
    await this.input.fill(title)
    await this.click(this.add)
    await expect(this.row(title)).toHaveAttribute('aria-busy', 'false')
  }

  toggle(title: string): Promise<void> {
    return this.click(this.checkbox(title))
  }

  remove(title: string): Promise<void> {
    return this.click(this.delete(title))
  }

  row(title: string): Locator {
    return this.rows.filter({ has: this.page.getByText(title, { exact: true }) })
  }

  checkbox(title: string): Locator {
    return this.row(title).getByRole('checkbox')
  }

  delete(title: string): Locator {
    return this.page.getByRole('button', { name: `Delete "${title}"`, exact: true })
  }

  logged(message: string): Locator {
    return this.log.getByText(message, { exact: true })
  }

  async isLive(): Promise<void> {
    await expect(this.status).toHaveText('Live')
  }

  async leads(): Promise<boolean> {
    return !this.gone && (await this.badge.textContent()) === 'Leader'
  }

  /** Sockets of this tab that are open now. */
  openSockets(): number {
    return this.gone ? 0 : this.sockets.size
  }

  /** Exactly these titles, in this order. */
  async shows(...titles: string[]): Promise<void> {
    await expect(this.titles).toHaveText(titles)
  }

  async counts(total: number, done: number, remaining: number): Promise<void> {
    for (const [label, value] of Object.entries({ Total: total, Done: done, Remaining: remaining })) {
      const stat = this.page.locator('.todos-stat').filter({ hasText: label })
      await expect(stat).toHaveText(`${value}${label}`)
    }
  }

  /** Counts how often the page was drawn without this title from now on, however briefly. */
  async watchFor(title: string): Promise<() => Promise<number>> {
    const losses = await this.page.evaluateHandle((title) => {
      const counter = { losses: 0 }
      const look = () => {
        const titles = [...document.querySelectorAll('.todos-text')].map(({ textContent }) => textContent)
        if (!titles.includes(title)) counter.losses++
      }
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true })
      return counter
    }, title)
    return () => losses.evaluate((counter) => counter.losses)
  }

  /** People click in the tab before their eyes. The others draw a frame a second at best, which a click waits for. */
  private async click(target: Locator): Promise<void> {
    await this.page.bringToFront()
    await target.click()
  }

  /** Ends as if the tab had run out of memory. */
  async crash(): Promise<void> {
    const crashed = this.page.waitForEvent('crash')
    const devtools = await this.page.context().newCDPSession(this.page)
    // The tab is in no state to answer this.
    devtools.send('Page.crash').catch(() => {})
    await crashed
  }
}
