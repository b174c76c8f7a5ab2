import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { launchOptions } from './chromium.ts'

interface Message {
  id?: number
  method?: string
  params?: Record<string, unknown>
  result?: unknown
  error?: { message: string }
}

interface TargetInfo {
  targetId: string
  url: string
}

interface Entry {
  id: number
  url: string
}

type Settle = { resolve(result: unknown): void; reject(error: Error): void }

/**
 * A Chromium as people have it. Playwright makes every tab believe that it is in front, and switches off throttling
 * and the back/forward cache; here background tabs are hidden, and history brings pages back to life.
 */
export class PlainChromium {
  /** What went wrong in any tab. */
  readonly errors: string[] = []
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'chromium-'))
  private readonly child: ChildProcess
  private readonly pending = new Map<number, Settle>()
  private readonly arrivals = new Map<string, () => void>()
  private nextId = 1
  private received = ''

  constructor(more: string[] = []) {
    const flags = [...more, '--headless', '--remote-debugging-pipe', `--user-data-dir=${this.folder}`, ...(launchOptions.args ?? [])]
    // Commands go to the fourth stream, answers and events come from the fifth.
    this.child = spawn(launchOptions.executablePath!, flags, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
    const answers = this.child.stdio[4] as Readable
    answers.setEncoding('utf8').on('data', (chunk: string) => this.receive(chunk))
    void this.send('Target.setDiscoverTargets', { discover: true })
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve))
    this.send('Browser.close').catch(() => {})
    await ended
    rmSync(this.folder, { recursive: true, maxRetries: 10, retryDelay: 100 })
  }

  /** Opens a tab in front of the others, whose pages run `script` before their own. */
  async openTab(url: string, script = ''): Promise<PlainTab> {
    const { targetId } = await this.send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
    await this.send('Runtime.enable', {}, sessionId)
    await this.send('Page.enable', {}, sessionId)
    await this.send('Page.addScriptToEvaluateOnNewDocument', { source: script }, sessionId)
    const tab = new PlainTab(this, sessionId, targetId)
    await tab.goTo(url)
    return tab
  }

  send<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    const id = this.nextId++
    const commands = this.child.stdio[3] as Writable
    commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    return new Promise((resolve, reject) => this.pending.set(id, { resolve: (result) => resolve(result as T), reject }))
  }

  /** Ends when the tab shows this page, if it does not do so yet. */
  arrival(url: string, targetId: string): Promise<void> {
    return new Promise((resolve) => this.arrivals.set(`${targetId} ${url}`, resolve))
  }

  private receive(chunk: string): void {
    const messages = (this.received + chunk).split('\0')
    this.received = messages.pop() ?? ''
    for (const message of messages) this.dispatch(JSON.parse(message) as Message)
  }

  private dispatch({ id, method, params, result, error }: Message): void {
    if (method === 'Target.targetInfoChanged') this.arrive(params?.targetInfo as TargetInfo)
    if (method === 'Runtime.exceptionThrown') this.errors.push(JSON.stringify(params))
    if (method === 'Runtime.consoleAPICalled' && params?.type === 'error') this.errors.push(JSON.stringify(params.args))
    const settle = id === undefined ? undefined : this.pending.get(id)
    if (error) settle?.reject(new Error(error.message))
    else settle?.resolve(result)
    if (id !== undefined) this.pending.delete(id)
  }

  private arrive({ targetId, url }: TargetInfo): void {
    this.arrivals.get(`${targetId} ${url}`)?.()
  }
}

/** A tab of a `PlainChromium`. */
export class PlainTab {
  constructor(
    private readonly chromium: PlainChromium,
    private readonly sessionId: string,
    private readonly targetId: string,
  ) {}

  async evaluate<T>(expression: string): Promise<T> {
    const params = { expression, returnByValue: true, awaitPromise: true }
    const { result } = await this.send<{ result: { value: T } }>('Runtime.evaluate', params)
    return result.value
  }

  isHidden(): Promise<boolean> {
    return this.evaluate('document.hidden')
  }

  text(selector: string): Promise<string | null> {
    return this.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? null`)
  }

  titles(): Promise<string[]> {
    return this.evaluate(`[...document.querySelectorAll('.todos-text')].map((title) => title.textContent)`)
  }

  role(): Promise<string | null> {
    return this.text('.leader-badge')
  }

  status(): Promise<string | null> {
    return this.text('[role=status]')
  }

  /** How often the event log says so. */
  logged(message: string): Promise<number> {
    const entries = `[...document.querySelectorAll('.event-log__message')]`
    return this.evaluate(`${entries}.filter((entry) => entry.textContent === ${JSON.stringify(message)}).length`)
  }

  goTo(url: string): Promise<void> {
    return this.navigate(url, 'Page.navigate', { url })
  }

  async goBack(): Promise<void> {
    const { currentIndex, entries } = await this.send<{ currentIndex: number; entries: Entry[] }>('Page.getNavigationHistory')
    const { id: entryId, url } = entries[currentIndex - 1]!
    await this.navigate(url, 'Page.navigateToHistoryEntry', { entryId })
  }

  /** Shows it, and hides the tab that was before the user's eyes. */
  async bringToFront(): Promise<void> {
    await this.send('Page.bringToFront')
  }

  /** Nothing else runs in its main thread for so long. */
  async hang(ms: number): Promise<void> {
    await this.evaluate(`void setTimeout(() => { for (const end = Date.now() + ${ms}; Date.now() < end; ); })`)
  }

  /** As a browser does with tabs in the background to save energy. */
  async freeze(): Promise<void> {
    await this.send('Page.setWebLifecycleState', { state: 'frozen' })
  }

  async thaw(): Promise<void> {
    await this.send('Page.setWebLifecycleState', { state: 'active' })
  }

  /** What is asked between two pages is answered with an error. */
  private async navigate(url: string, method: string, params: object): Promise<void> {
    const arrival = this.chromium.arrival(url, this.targetId)
    await this.send(method, params)
    await arrival
  }

  private send<T>(method: string, params: object = {}): Promise<T> {
    return this.chromium.send(method, params, this.sessionId)
  }
}
