import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CableProxy } from './cable_proxy.ts'
import { Program } from './program.ts'
import { WebProxy } from './web_proxy.ts'

/** The three real processes on fresh databases, each behind a port that the system chose. */
export class Suite {
  readonly webProxy = new WebProxy()
  readonly cableProxy = new CableProxy()
  url = ''
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'trifecta-'))
  private variables: Record<string, string> = {}
  private webPort = 0
  private cablePort = 0
  private web!: Program
  private worker!: Program
  private cable!: Program
  private readonly started: Program[] = []

  /** `assets` is what `vite build` has written, seen from the root of the repository. */
  static async start(assets = 'web/frontend/dist', more: Record<string, string> = {}): Promise<Suite> {
    const suite = new Suite()
    const [webPort, cablePort] = await Promise.all([suite.webProxy.start(), suite.cableProxy.start()])
    suite.url = `http://127.0.0.1:${webPort}`
    suite.variables = {
      APP_ENV: 'production',
      STORAGE_DIR: path.join(suite.folder, 'storage'),
      SECRET_KEY_BASE: randomBytes(64).toString('hex'),
      ALLOWED_ORIGINS: 'http://127.0.0.1:*',
      WEB__ASSETS_DIR: assets,
      CABLE_URL: `ws://127.0.0.1:${cablePort}/cable`,
      PORT: '0',
      CABLE_PORT: '0',
      ...more,
    }
    suite.web = suite.run('web')
    await Promise.all([suite.startCable(), suite.startWorker()])
    suite.webPort = await suite.web.port()
    suite.webProxy.target = suite.webPort
    return suite
  }

  /** A front proxy before the web and the cable process. */
  front(variables: Record<string, string>): Program {
    const ports = { TARGET_PORT: String(this.webPort), CABLE_PORT: String(this.cablePort) }
    const front = new Program('thrust', { HTTP_BIND: '127.0.0.1', HTTP_PORT: '0', ...ports, ...variables })
    this.started.push(front)
    return front
  }

  /** Ends the web process in good order, and starts another on its port. */
  async restartWeb(): Promise<void> {
    await this.web.stop()
    this.web = this.run('web', { PORT: String(this.webPort) })
    await this.web.port()
  }

  /** After `killCable`: behind its proxy, on another port, for the one that it had may be taken. */
  async startCable(): Promise<void> {
    this.cable = this.run('cable')
    this.cablePort = await this.cable.port()
    this.cableProxy.target = this.cablePort
  }

  async startWorker(): Promise<void> {
    this.worker = this.run('worker')
    await this.worker.line('process.kind="Worker"')
  }

  killCable(): Promise<void> {
    return this.cable.kill()
  }

  killWorker(): Promise<void> {
    return this.worker.kill()
  }

  /** Sockets that are open at the cable process, as the kernel counts them. */
  cableSockets(): number {
    const local = `:${this.cablePort.toString(16).toUpperCase().padStart(4, '0')}`
    const ESTABLISHED = '01'
    const rows = readFileSync('/proc/net/tcp', 'latin1').split('\n').map((row) => row.trim().split(/\s+/))
    return rows.filter((row) => row[1]?.endsWith(local) && row[3] === ESTABLISHED).length
  }

  /** The last lines of all processes. */
  logs(): string {
    return this.started.map(({ name, lines }) => `--- ${name}\n${lines.slice(-30).join('\n')}`).join('\n')
  }

  /** Stops everything. Throws unless all processes end in good order. */
  async stop(): Promise<void> {
    this.webProxy.stop()
    this.cableProxy.stop()
    const programs = [this.web, this.worker, this.cable]
    const ends = await Promise.all(programs.map(async (program) => `${program.name}: ${await program.stop()}`))
    const bad = ends.filter((end) => !end.endsWith(': exit code 0'))
    const panics = this.started.flatMap(({ lines }) => lines.filter((line) => line.includes('panicked')))
    rmSync(this.folder, { recursive: true })
    if (bad.length + panics.length > 0) throw new Error(`${[...bad, ...panics].join('\n')}\n${this.logs()}`)
  }

  private run(name: string, more: Record<string, string> = {}): Program {
    const program = new Program(name, { ...this.variables, ...more })
    this.started.push(program)
    return program
  }
}
